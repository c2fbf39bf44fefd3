import Foundation
import Kongur
import Tensors

/// A conversation in a file: the messages of a request to `/v1/chat/completions`.
struct SavedConversation: Codable, Equatable {
    struct Message: Codable, Equatable {
        var role: String
        var content: String
    }

    var messages: [Message]

    init(instructions: String?, _ said: [Message]) {
        messages = (instructions.map { [Message(role: "system", content: $0)] } ?? []) + said
    }

    var instructions: String? { messages.first.flatMap { $0.role == "system" ? $0.content : nil } }

    /// Without the system message.
    var said: [Message] { Array(messages.drop { $0.role == "system" }) }

    /// Throws `.invalidInput` for a file that cannot be read or is no conversation.
    init(path: String) throws {
        let bytes = try InputFile.read((path as NSString).expandingTildeInPath)
        guard let saved = try? JSONDecoder().decode(SavedConversation.self, from: Data(bytes)) else {
            throw KongurError(.invalidInput, "\(path): is no conversation that /save wrote")
        }
        self = saved
        let roles = said.map(\.role)
        guard roles.count.isMultiple(of: 2),
            roles.enumerated().allSatisfy({ $1 == ($0 % 2 == 0 ? "user" : "assistant") })
        else {
            throw KongurError(.invalidInput, "\(path): its messages are not question and answer in turn")
        }
    }

    /// Writes the whole of it or nothing, and in the place only of another saved conversation.
    func write(to path: String) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .withoutEscapingSlashes, .sortedKeys]
        let text = Array(try encoder.encode(self)) + [UInt8(ascii: "\n")]
        do throws(TensorError) {
            let file = try AtomicFile(path: (path as NSString).expandingTildeInPath, permissions: 0o600) { bytes in
                (try? JSONDecoder().decode(SavedConversation.self, from: Data(bytes))) != nil
            }
            try file.write(text)
            try file.commit()
        } catch {
            throw KongurError(.failed, error.message, cause: error)
        }
    }
}
