import BatchJobs
package import Logging
import NIOCore
import NIOPosix
import ResponseCaching

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// What a server needs besides a model, opened: whatever of its configuration is wrong is told before a model is loaded.
package struct ServerResources: Sendable {
    let configuration: ServerConfiguration
    let keys: KeyRing
    let certificate: ServerCertificate?
    /// Nil where every answer is computed.
    let cache: (any ResponseCache)?
    /// Nil where there are no batch jobs.
    let batches: BatchFolder?

    /// Reads keys and certificate, opens cache and batch folder, and listens for a moment.
    ///
    /// Throws `Server.Failure` for a configuration that is not safe or not sound, or an address that cannot be listened on.
    package init(_ configuration: ServerConfiguration, _ logger: Logger) async throws(Server.Failure) {
        self.configuration = configuration
        try OriginRules.check(configuration)
        let keys: KeyRing
        do {
            keys = try KeyRing(configuration.keys, file: configuration.keysFile, logger)
        } catch {
            throw Server.Failure("--keys-file: \(error)")
        }
        self.keys = keys
        guard configuration.isLoopback || keys.isNeeded || configuration.allowAnonymous else {
            throw Server.Failure(
                "--host \(configuration.host) can be reached by others and there are no API keys: give --keys-file, or --allow-anonymous to let everybody ask"
            )
        }
        switch (configuration.tlsCertificate, configuration.tlsKey) {
        case (nil, nil): certificate = nil
        case (let path?, let key?):
            do {
                certificate = try ServerCertificate(certificate: path, key: key, logger)
            } catch {
                throw Server.Failure("--tls-certificate, --tls-key: \(error)")
            }
        default: throw Server.Failure("--tls-certificate and --tls-key belong together: give both")
        }
        do {
            cache = try configuration.responseCache.open(
                byteCount: configuration.responseCacheByteCount,
                logger: logger
            )
        } catch {
            throw Server.Failure("--response-cache: \(error)")
        }
        do {
            batches = try configuration.batches.folder.map { (path) throws(BatchError) in
                try BatchFolder(
                    path,
                    limits: BatchFolder.Limits(
                        fileByteCount: configuration.batches.fileByteCount,
                        files: configuration.batches.files,
                        byteCount: configuration.batches.byteCount
                    ),
                    weights: { keys.weights }
                )
            }
        } catch {
            throw Server.Failure("--batch-folder: \(error)")
        }
        try await Self.listen(configuration)
    }

    /// Listens on the address and closes it again, as the server will do for good when the model is loaded.
    private static func listen(_ configuration: ServerConfiguration) async throws(Server.Failure) {
        do {
            let channel = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
                .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                .bind(host: configuration.host, port: configuration.port).get()
            try await channel.close().get()
        } catch {
            throw Server.Failure(listeningOn: configuration.address, error)
                ?? Server.Failure("cannot listen on \(configuration.address): \(error)")
        }
    }
}

extension Server.Failure {
    init(_ description: String) {
        self.description = description
    }

    /// Nil for an error that is not about listening.
    init?(listeningOn address: String, _ error: any Error) {
        let reason: String
        switch error {
        case let error as IOError where error.errnoCode == EADDRINUSE:
            reason = "another program does; choose another --port, or 0 for a free one"
        case let error as IOError where error.errnoCode == EACCES:
            reason = "ports below 1024 are the system's; choose another --port"
        case let error as IOError where error.errnoCode == EADDRNOTAVAIL:
            reason = "this machine does not have that address; choose another --host"
        case is SocketAddressError, is SocketAddressError.UnknownHost:
            reason = "there is no such address; choose another --host"
        case let error as IOError: reason = String(cString: strerror(error.errnoCode))
        default: return nil
        }
        self.init("cannot listen on \(address): \(reason)")
    }
}
