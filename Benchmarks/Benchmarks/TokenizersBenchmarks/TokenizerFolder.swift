import Foundation
import Tokenizers

/// The checkpoint folder whose tokenizer is measured: `KONGUR_BENCHMARK_TOKENIZER`, or the bundled model.
enum TokenizerFolder {
    static let repository = URL(fileURLWithPath: #filePath + "/../../../..").standardizedFileURL

    private static var path: String {
        ProcessInfo.processInfo.environment["KONGUR_BENCHMARK_TOKENIZER"]
            ?? repository.appendingPathComponent("Models/pebble").path
    }

    static func tokenizer() throws -> Tokenizer {
        try Tokenizer.load(directory: path)
    }

    /// Nil for a folder without one.
    static func template() throws -> ChatTemplate? {
        try ChatTemplate.load(directory: path)
    }
}
