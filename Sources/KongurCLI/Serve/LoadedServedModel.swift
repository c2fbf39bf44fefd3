import Foundation
import Kongur
import OpenAIServer
import TextGeneration

extension ServedModel {
    /// A loaded model as a server has it, and whoever is to give the same answers; its digest is left out.
    ///
    /// `asked` says how it is asked. Throws `.invalidModel` for a model without a tokenizer.
    init(_ loaded: LanguageModel, named name: String, asked: String) throws {
        guard let generator = loaded.generator else {
            throw KongurError(.invalidModel, "\(loaded.missingTokenizer); without one it cannot be asked \(asked)")
        }
        self.init(
            names: [name],
            generator: generator,
            defaults: loaded.defaults.sampling,
            created: Int(Date().timeIntervalSince1970),
            card: ModelCard(folder: loaded.tokenizerFolder),
            digest: ""
        )
        // A compiled model of an older version has no such file beside it.
        if let file = FileManager.default.contents(atPath: "\(loaded.tokenizerFolder)/config.json"),
            let architecture = try? JSONDecoder().decode(ModelArchitecture.self, from: file)
        {
            self.architecture = architecture
        }
    }
}
