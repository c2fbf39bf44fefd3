import Foundation
import Kongur
import OpenAIServer
import TextGeneration

extension ServedModel {
    /// A loaded model as a server has it, and whoever is to give the same answers; its digest is left out.
    ///
    /// `asked` says how it is asked. Throws `.invalidModel` for a model without a tokenizer.
    init(_ loaded: LanguageModel, named name: String, asked: String) throws {
        guard var generator = loaded.generator else {
            throw KongurError(.invalidModel, "\(loaded.path): has no tokenizer, so it cannot be asked \(asked)")
        }
        // Who reads a stream waits for its first words: models that think say so at once.
        generator.preambleLimit = 16
        self.init(
            names: [name],
            generator: generator,
            defaults: loaded.defaults.sampling,
            created: Int(Date().timeIntervalSince1970),
            digest: ""
        )
    }
}
