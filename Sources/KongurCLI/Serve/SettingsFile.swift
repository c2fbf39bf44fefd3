import Foundation
import Kongur
import Yams

/// The names in a YAML file of settings.
struct SettingsFile {
    private let path: String
    private let values: [String: Any]

    /// Throws for a file that is not a mapping with names.
    init(_ path: String) throws {
        self.path = path
        do {
            let text = try String(contentsOfFile: path, encoding: .utf8)
            values = try Yams.load(yaml: text) as? [String: Any] ?? [:]
        } catch {
            throw KongurError(.invalidInput, "\(path): the settings cannot be read: \(error)", cause: error)
        }
    }

    /// Throws for the first name that is not among `names`, with the one that is nearest to it, and for a setting that is
    /// made of others.
    func check(names: [String]) throws {
        for (name, value) in values.sorted(by: { $0.key < $1.key }) {
            guard names.contains(name) else {
                let nearest = names.sorted().min { Self.distance(name, $0) < Self.distance(name, $1) } ?? ""
                throw KongurError(
                    .invalidInput,
                    "\(path): there is no setting '\(name)'; the nearest one is '\(nearest)', and `kongur serve --help` lists all"
                )
            }
            if value is [AnyHashable: Any] {
                throw KongurError(
                    .invalidInput,
                    "\(path): the setting '\(name)' is one value or a list, and not a mapping"
                )
            }
        }
    }

    /// How many characters must be put in, left out or changed for one text to become the other (Levenshtein, 1965).
    static func distance(_ one: String, _ other: String) -> Int {
        let other = Array(other)
        var row = Array(0...other.count)
        for (index, character) in one.enumerated() {
            var diagonal = row[0]
            row[0] = index + 1
            for place in other.indices {
                let changed = diagonal + (character == other[place] ? 0 : 1)
                diagonal = row[place + 1]
                row[place + 1] = min(changed, diagonal + 1, row[place] + 1)
            }
        }
        return row[other.count]
    }
}
