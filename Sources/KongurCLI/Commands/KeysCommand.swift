import ArgumentParser
import Foundation
import Kongur
import OpenAIServer

/// `kongur keys`: the file of API keys that `kongur serve --keys-file` reads.
struct KeysCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keys",
        abstract: "Add, list and remove API keys.",
        discussion: "The file holds hashes alone; a server that runs reads it again when it has changed.",
        subcommands: [Add.self, List.self, Remove.self]
    )

    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Make a key, print it once, and keep its hash.")

        @Argument(help: "The file; it is made when it does not exist.") var file: String
        @Argument(help: "Who will hold the key.") var name: String
        @Flag(help: "A key that also opens /admin.") var admin = false

        func run() async throws {
            guard !name.isEmpty, name.utf8.allSatisfy({ 0x21...0x7E ~= $0 && $0 != 0x23 }) else {
                throw KongurError(
                    .invalidInput,
                    "'\(name)': a name is made of ASCII letters, digits and signs, without # and spaces"
                )
            }
            var keys = FileManager.default.fileExists(atPath: file) ? try KeysCommand.read(file) : []
            guard !keys.contains(where: { $0.name == name }) else {
                throw KongurError(.invalidInput, "\(file): has a key named '\(name)' already; remove it first")
            }
            let key = APIKey.generate()
            keys.append(APIKey(name: name, role: admin ? .admin : .user, key: key))
            try KeysCommand.write(keys, to: file)
            Console.print(key)
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Print who holds keys.")

        @Argument(help: "The file.") var file: String

        func run() async throws {
            for key in try KeysCommand.read(file) { Console.print("\(key.name) \(key.role.rawValue)") }
        }
    }

    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Take a key back.")

        @Argument(help: "The file.") var file: String
        @Argument(help: "Who holds the key.") var name: String

        func run() async throws {
            let keys = try KeysCommand.read(file)
            guard keys.contains(where: { $0.name == name }) else {
                throw KongurError(.invalidInput, "\(file): has no key named '\(name)'")
            }
            try KeysCommand.write(keys.filter { $0.name != name }, to: file)
        }
    }

    private static func read(_ file: String) throws -> [APIKey] {
        do {
            return try KeyFile.read(file)
        } catch {
            throw KongurError(.invalidInput, error.description, cause: error)
        }
    }

    /// The old file or the new one, never half of one; for its owner alone.
    private static func write(_ keys: [APIKey], to file: String) throws {
        let temporary = "\(file).\(ProcessInfo.processInfo.processIdentifier).partial"
        let text = keys.map { KeyFile.line($0) + "\n" }.joined()
        let attributes: [FileAttributeKey: Any] = [.posixPermissions: 0o600]
        guard FileManager.default.createFile(atPath: temporary, contents: Data(text.utf8), attributes: attributes),
            rename(temporary, file) == 0
        else {
            try? FileManager.default.removeItem(atPath: temporary)
            throw KongurError(.failed, "\(file): cannot be written: \(String(cString: strerror(errno)))")
        }
    }
}
