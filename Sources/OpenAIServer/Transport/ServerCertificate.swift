import Logging
import NIOSSL
import ServiceLifecycle
import Synchronization

/// The certificate that new connections are shown: read again when its files change, so that a renewed one needs no restart.
final class ServerCertificate: Service, Sendable {
    struct Failure: Error, CustomStringConvertible {
        var description: String
    }

    private struct State {
        var context: NIOSSLContext
        var stamps: [FileStamp?]
    }

    private let paths: (certificate: String, key: String)
    private let logger: Logger
    private let state: Mutex<State>

    /// Throws `Failure` for files that hold no certificate and key in PEM form, or not such that belong together.
    init(certificate: String, key: String, _ logger: Logger) throws(Failure) {
        paths = (certificate, key)
        self.logger = logger
        // The stamps are taken before reading: a change in between is then seen as one.
        let stamps = [FileStamp(certificate), FileStamp(key)]
        state = Mutex(State(context: try Self.read(certificate, key), stamps: stamps))
    }

    var context: NIOSSLContext { state.withLock(\.context) }

    private static func read(_ certificate: String, _ key: String) throws(Failure) -> NIOSSLContext {
        do {
            var configuration = TLSConfiguration.makeServerConfiguration(
                certificateChain: try NIOSSLCertificate.fromPEMFile(certificate).map { .certificate($0) },
                privateKey: .privateKey(try NIOSSLPrivateKey(file: key, format: .pem))
            )
            // RFC 8996: the versions before are broken.
            configuration.minimumTLSVersion = .tlsv12
            return try NIOSSLContext(configuration: configuration)
        } catch {
            throw Failure(description: "\(certificate), \(key): no certificate and key in PEM form: \(error)")
        }
    }

    /// Looks at the files once a second until the server ends.
    func run() async throws {
        await cancelWhenGracefulShutdown {
            while (try? await Task.sleep(for: .seconds(1))) != nil { self.reload() }
        }
    }

    /// Reads the files when they have changed; what is not sound changes nothing.
    func reload() {
        let stamps = [FileStamp(paths.certificate), FileStamp(paths.key)]
        guard stamps != state.withLock(\.stamps) else { return }
        do {
            let context = try Self.read(paths.certificate, paths.key)
            state.withLock { $0 = State(context: context, stamps: stamps) }
            logger.info("certificate read again", metadata: ["path": "\(paths.certificate)"])
        } catch {
            state.withLock { $0.stamps = stamps }
            logger.error("certificate stays as it was", metadata: ["reason": "\(error)"])
        }
    }
}
