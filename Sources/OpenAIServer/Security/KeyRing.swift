import Foundation
import Logging
import ServiceLifecycle
import Synchronization

/// The keys that are accepted now: those given at the start, and those of a file, read again when it changes.
package final class KeyRing: Service, Sendable {
    private let fixed: [APIKey]
    private let path: String?
    private let logger: Logger
    private let state: Mutex<(keys: [APIKey], stamp: FileStamp?)>

    /// Throws `KeyFile.Failure` when the file cannot be read or is not sound.
    init(_ fixed: [APIKey], file path: String?, _ logger: Logger) throws(KeyFile.Failure) {
        self.fixed = fixed
        self.path = path
        self.logger = logger
        // The stamp is taken before reading: a change in between is then seen as one.
        let stamp = path.flatMap(FileStamp.init)
        let keys = fixed + (try path.map { path throws(KeyFile.Failure) in try KeyFile.read(path) } ?? [])
        state = Mutex((keys, stamp))
    }

    /// Whether a request needs a key: with a file it does, also while the file has none.
    var isNeeded: Bool { path != nil || !fixed.isEmpty }

    /// The weights of all accounts that have a key.
    var weights: [String: Int] {
        Dictionary(state.withLock(\.keys).map { ($0.cacheSalt, $0.weight) }) { $1 }
    }

    /// The key that a client shows.
    ///
    /// Looks at every byte of every hash, so that the time tells nothing.
    func key(_ shown: String) -> APIKey? {
        let hash = APIKey.hash(shown)
        var found: APIKey?
        for key in state.withLock(\.keys) {
            var difference: UInt8 = key.hash.count == hash.count ? 0 : 1
            for (left, right) in zip(key.hash, hash) { difference |= left ^ right }
            if difference == 0 { found = key }
        }
        return found
    }

    /// Looks at the file once a second until the server ends.
    package func run() async throws {
        await cancelWhenGracefulShutdown {
            while (try? await Task.sleep(for: .seconds(1))) != nil { self.reload() }
        }
    }

    /// Reads the file when it has changed; one that is not sound changes nothing.
    func reload() {
        guard let path, let stamp = FileStamp(path), stamp != state.withLock(\.stamp) else { return }
        do {
            let keys = try KeyFile.read(path)
            state.withLock { $0 = (fixed + keys, stamp) }
            logger.info("API keys read again", metadata: ["keys": "\(keys.count)"])
        } catch {
            state.withLock { $0.stamp = stamp }
            logger.error("API keys stay as they were", metadata: ["reason": "\(error)"])
        }
    }
}
