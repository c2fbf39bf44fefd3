import BatchJobs
import Hummingbird
import HummingbirdCore
import HummingbirdTLS
import InferenceEngine
package import Logging
import NIOCore
import NIOPosix
import NIOSSL
import ResponseCaching
import ServiceLifecycle
import UnixSignals

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The HTTP service in front of an engine: one group of services, ended by SIGTERM or SIGINT.
package struct Server: Sendable {
    /// Why a server cannot be started.
    package struct Failure: Error, CustomStringConvertible {
        package var description: String
    }

    private let model: ServedModel
    private let configuration: ServerConfiguration
    private let version: String
    private let logger: Logger
    private let keys: KeyRing
    private let admission: Admission
    private let monitor: ProgressMonitor
    private let metrics: ServerMetrics
    private let page: WebPageRoutes
    private let service: CompletionService
    private let jobs: BatchService?

    /// Throws `Failure` for a configuration that is not safe or not sound.
    package init(
        _ model: ServedModel,
        _ configuration: ServerConfiguration,
        metrics: ServerMetrics,
        version: String,
        logger: Logger
    ) throws(Failure) {
        do {
            keys = try KeyRing(configuration.keys, file: configuration.keysFile, logger)
        } catch {
            throw Failure(description: error.description)
        }
        guard configuration.isLoopback || keys.isNeeded || configuration.allowAnonymous else {
            throw Failure(
                description:
                    "--host \(configuration.host) can be reached by others and there are no API keys: give --keys-file, or --allow-anonymous to let everybody ask"
            )
        }
        self.model = model
        self.configuration = configuration
        self.version = version
        self.metrics = metrics
        metrics.follow(model.engine, version: version)
        self.logger = logger
        page = WebPageRoutes(model: model, javaScriptFolder: configuration.javaScriptFolder, logger)
        let cache: AnswerCache?
        do {
            cache = try configuration.responseCache.open(
                byteCount: configuration.responseCacheByteCount,
                logger: logger
            )
            .map { store in
                metrics.cache.follow(store)
                return AnswerCache(
                    store,
                    timeToLive: configuration.responseCacheTimeToLive,
                    isShared: configuration.sharesResponses,
                    metrics.cache
                )
            }
        } catch {
            throw Failure(description: "--response-cache: \(error)")
        }
        admission = Admission(
            AdmissionQueue.Limits(
                running: model.engine.maxSequences,
                waiting: configuration.maxQueuedRequests,
                waitingTokens: configuration.maxQueuedTokens
            )
        )
        monitor = ProgressMonitor(model.engine, admission, limit: configuration.progressTimeout)
        service = CompletionService(
            model: model,
            admission: admission,
            rateLimit: RateLimit(perMinute: configuration.requestsPerMinute),
            memory: RequestMemory(connections: configuration.maxConnections),
            cache: cache,
            report: metrics.engine,
            configuration: configuration,
            fingerprint: "kongur-\(version)"
        )
        do {
            jobs = try BatchService(service, configuration.batches, metrics.batches, logger)
        } catch {
            throw Failure(description: "--batch-folder: \(error)")
        }
    }

    /// Serves until SIGTERM or SIGINT, and then until running answers are complete or the drain timeout is over.
    ///
    /// `started` is told the address. Throws `Failure` when it cannot listen.
    package func run(started: @escaping @Sendable (String) -> Void) async throws {
        let application = Application(
            responder: router.buildResponder(),
            server: try transport(),
            configuration: ApplicationConfiguration(
                address: .hostname(configuration.host, port: configuration.port),
                availableConnectionsDelegate: MaximumAvailableConnections(configuration.maxConnections)
            ),
            onServerRunning: { channel in
                var listening = configuration
                listening.port = channel.localAddress?.port ?? configuration.port
                started(listening.address)
            },
            logger: logger
        )
        // The last one is ended first: requests drain while connections are still taken and told to come again.
        var services: [any Service] = [
            keys, monitor, EngineService(engine: model.engine), application,
            Drain(admission: admission, timeout: configuration.drainTimeout),
        ]
        if let jobs { services.append(jobs.runner) }
        var group = ServiceGroupConfiguration(
            services: services,
            gracefulShutdownSignals: [.sigterm, .sigint],
            logger: logger
        )
        group.maximumGracefulShutdownDuration = configuration.drainTimeout + .seconds(10)
        do {
            try await ServiceGroup(configuration: group).run()
        } catch let error as IOError where error.errnoCode == EADDRINUSE {
            throw Failure(
                description:
                    "cannot listen on \(configuration.address): another program does; choose another --port, or 0 for a free one"
            )
        } catch  where error is IOError || error is SocketAddressError || error is SocketAddressError.UnknownHost {
            throw Failure(description: "cannot listen on \(configuration.address): \(error)")
        }
    }

    private var router: Router<ServerContext> {
        let router = Router(context: ServerContext.self, options: .autoGenerateHeadEndpoints)
        router.add(middleware: metrics.http)
        router.add(middleware: TraceMiddleware())
        router.add(middleware: RequestMiddleware(report: metrics.http, admission: admission))
        let open = HealthRoutes.open.union(page.open)
        router.add(middleware: AccessMiddleware(keys: keys, origins: OriginRules(configuration), open: open))
        CompletionRoutes(service: service).add(to: router)
        ModelRoutes(model: model).add(to: router)
        DeviceRoutes(model: model, version: version).add(to: router)
        TokenRoutes(service: service).add(to: router)
        FileRoutes(jobs: jobs, configuration: configuration).add(to: router)
        BatchRoutes(jobs: jobs, service: service).add(to: router)
        MetricsRoute(registry: metrics.registry).add(to: router)
        HealthRoutes(model: model, admission: admission, monitor: monitor, keys: keys, version: version)
            .add(to: router)
        page.add(to: router)
        router.addOtherMethods()
        return router
    }

    private func transport() throws -> HTTPServerBuilder {
        let writeTimeout = TimeAmount(configuration.writeTimeout)
        var http = HTTP1Channel.Configuration(
            additionalChannelHandlers: [ConnectionGuard(writeTimeout: writeTimeout)],
            idleTimeout: TimeAmount(configuration.readTimeout)
        )
        http.httpDecoder = HTTP1Channel.Configuration.DecoderConfiguration(
            maxHeaderFieldSize: 16 << 10,
            maxHeaderListSize: 32 << 10,
            maxHeaderFieldCount: 100
        )
        let plain = HTTPServerBuilder.http1(configuration: http)
        switch (configuration.tlsCertificate, configuration.tlsKey) {
        case (nil, nil): return plain
        case (let certificate?, let key?):
            do {
                let chain = try NIOSSLCertificate.fromPEMFile(certificate)
                return try .tls(
                    plain,
                    tlsConfiguration: .makeServerConfiguration(
                        certificateChain: chain.map { .certificate($0) },
                        privateKey: .privateKey(try NIOSSLPrivateKey(file: key, format: .pem))
                    )
                )
            } catch {
                throw Failure(description: "\(certificate), \(key): no certificate and key in PEM form: \(error)")
            }
        default:
            throw Failure(description: "--tls-certificate and --tls-key belong together: give both")
        }
    }
}

/// Ends the engine after the last answer.
private struct EngineService: Service {
    let engine: EngineGroup

    func run() async throws {
        try? await gracefulShutdown()
        await engine.shutdown()
    }
}

/// Waits for running answers when the server ends, and cancels those that take too long.
private struct Drain: Service {
    let admission: Admission
    let timeout: Duration

    func run() async throws {
        try? await gracefulShutdown()
        admission.drain(seconds: Int((timeout / .seconds(1)).rounded(.up)))
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                if (try? await Task.sleep(for: timeout)) != nil { admission.cancelAll() }
            }
            await admission.waitUntilIdle()
            group.cancelAll()
        }
    }
}
