import BatchJobs
import Hummingbird
import HummingbirdCore
import InferenceEngine
package import Logging
import NIOCore
import NIOPosix
import ResponseCaching
import ServiceLifecycle
import TextGeneration
import UnixSignals

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The HTTP service in front of an engine: one group of services, ended by SIGTERM, SIGINT or SIGHUP.
package struct Server: Sendable {
    /// Why a server cannot be started.
    package struct Failure: Error, CustomStringConvertible {
        package var description: String
    }

    private let model: ServedModel
    private let configuration: ServerConfiguration
    private let version: String
    private let logger: Logger
    private let resources: ServerResources
    private let connections: ConnectionTable
    private let admission: Admission
    private let monitor: ProgressMonitor
    private let metrics: ServerMetrics
    private let page: WebPageRoutes
    private let service: CompletionService
    private let jobs: BatchService?

    package init(
        _ model: ServedModel,
        _ resources: ServerResources,
        metrics: ServerMetrics,
        version: String,
        logger: Logger
    ) {
        let configuration = resources.configuration
        self.resources = resources
        connections = ConnectionTable(
            limit: configuration.maxConnections,
            perAddress: configuration.maxConnectionsPerAddress
        )
        self.model = model
        self.configuration = configuration
        self.version = version
        self.metrics = metrics
        metrics.follow(model.engine, version: version)
        self.logger = logger
        page = WebPageRoutes(model: model, javaScriptFolder: configuration.javaScriptFolder, logger)
        let cache = resources.cache.map { store in
            metrics.cache.follow(store)
            return AnswerCache(
                store,
                timeToLive: configuration.responseCacheTimeToLive,
                isShared: configuration.sharesResponses,
                metrics.cache
            )
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
            memory: RequestMemory(model.generator.memory, connections: configuration.maxConnections),
            threads: RequestThreads(),
            cache: cache,
            report: metrics.engine,
            configuration: configuration,
            fingerprint: "kongur-\(version)"
        )
        jobs = resources.batches.map { [service] in
            BatchService(service, $0, configuration.batches, metrics.batches, resources.keys, logger)
        }
    }

    /// Serves until SIGTERM, SIGINT or SIGHUP, and then until running answers are complete or the drain timeout is over.
    ///
    /// `started` is told the address. Throws `Failure` when it cannot listen.
    package func run(started: @escaping @Sendable (String) -> Void) async throws {
        let application = Application(
            responder: router.buildResponder(),
            server: transport,
            configuration: ApplicationConfiguration(
                address: .hostname(configuration.host, port: configuration.port),
                availableConnectionsDelegate: ConnectionDoor(connections)
            ),
            onServerRunning: { channel in
                try? await channel.pipeline.addHandler(AcceptPause(logger), position: .first).get()
                var listening = configuration
                listening.port = channel.localAddress?.port ?? configuration.port
                started(listening.address)
            },
            logger: logger
        )
        // The last one is ended first: requests drain while connections are still taken and told to come again.
        var services: [any Service] = [
            resources.keys, monitor, EngineService(engine: model.engine), application,
            Drain(admission: admission, connections: connections, timeout: configuration.drainTimeout),
        ]
        if let certificate = resources.certificate { services.append(certificate) }
        if let jobs { services.append(jobs.runner) }
        var group = ServiceGroupConfiguration(
            services: services,
            gracefulShutdownSignals: Self.endingSignals,
            logger: logger
        )
        group.maximumGracefulShutdownDuration = configuration.drainTimeout + .seconds(5)
        do {
            try await ServiceGroup(configuration: group).run()
        } catch {
            throw Failure(listeningOn: configuration.address, error) ?? error
        }
    }

    /// A closed terminal ends the server as SIGTERM does, unless it was started to outlive it, as by nohup.
    private static var endingSignals: [UnixSignal] {
        let previous = signal(SIGHUP, SIG_DFL)
        signal(SIGHUP, previous)
        let isIgnored = unsafeBitCast(previous, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
        return isIgnored ? [.sigterm, .sigint] : [.sigterm, .sigint, .sighup]
    }

    private var router: Router<ServerContext> {
        let router = Router(context: ServerContext.self, options: .autoGenerateHeadEndpoints)
        router.add(middleware: metrics.http)
        router.add(middleware: TraceMiddleware())
        router.add(
            middleware: RequestMiddleware(
                report: metrics.http,
                admission: admission,
                quiet: HealthRoutes.open.union(page.open).union([MetricsRoute.path, WebPageRoutes.settingsPath])
            )
        )
        let open = HealthRoutes.open.union(page.open).union(configuration.hasOpenMetrics ? [MetricsRoute.path] : [])
        router.add(
            middleware: AccessMiddleware(
                keys: resources.keys,
                origins: OriginRules(configuration, hasKeys: resources.keys.isNeeded),
                open: open
            )
        )
        router.add(
            middleware: RateLimitMiddleware(
                limit: RateLimit(perMinute: configuration.requestsPerMinute),
                report: metrics.engine
            )
        )
        CompletionRoutes(service: service).add(to: router)
        ModelRoutes(model: model).add(to: router)
        DeviceRoutes(model: model, version: version).add(to: router)
        TokenRoutes(service: service).add(to: router)
        FileRoutes(jobs: jobs, configuration: configuration).add(to: router)
        BatchRoutes(jobs: jobs, service: service).add(to: router)
        MetricsRoute(registry: metrics.registry).add(to: router)
        HealthRoutes(model: model, admission: admission, monitor: monitor, keys: resources.keys, version: version)
            .add(to: router)
        InfoRoutes(model: model, version: version).add(to: router)
        page.add(to: router)
        metrics.http.begin(router.routes.map { ($0.path.description, $0.method.rawValue) })
        router.addOtherMethods()
        return router
    }

    private var transport: HTTPServerBuilder {
        HTTPServerBuilder { [connections, certificate = resources.certificate, configuration] responder in
            ConnectionPipeline(
                responder: responder,
                connections: connections,
                certificate: certificate,
                readTimeout: TimeAmount(configuration.readTimeout),
                writeTimeout: TimeAmount(configuration.writeTimeout)
            )
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

/// Waits for running answers when the server ends, cancels those that take too long, and closes the connections of
/// clients that do not even take the end of them.
private struct Drain: Service {
    /// For clients to read that their answer was cut short.
    private static let lastWords = Duration.milliseconds(300)

    let admission: Admission
    let connections: ConnectionTable
    let timeout: Duration

    func run() async throws {
        try? await gracefulShutdown()
        admission.drain(seconds: Int((timeout / .seconds(1)).rounded(.up)))
        // What is not an answer, such as a body that is still coming, may take no longer: this goes on when there are none.
        Task {
            try await EventLoopTimer.sleep(for: timeout)
            admission.cancelAll()
            try await EventLoopTimer.sleep(for: Self.lastWords)
            connections.closeAll()
        }
        await admission.waitUntilIdle()
    }
}
