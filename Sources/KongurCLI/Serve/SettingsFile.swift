import DeviceRuntime
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
            throw KongurError(
                .invalidInput,
                "\(path): the settings cannot be read: \(error.systemReason)",
                cause: error
            )
        }
    }

    /// Throws for the first name that is not among `names`, with the one that is nearest to it, and for a setting that is
    /// made of others.
    func check(names: [String]) throws {
        for (name, value) in values.sorted(by: { $0.key < $1.key }) {
            guard names.contains(name) else {
                throw KongurError(
                    .invalidInput,
                    "\(path): there is no setting '\(name)'; the nearest one is '\(NearestName(to: name, of: names).name)', and `kongur serve --help` lists all"
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
}
