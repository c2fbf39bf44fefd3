import Hummingbird
import PrometheusMetrics

/// Counts requests and how long they take, by route, under the names that vLLM's HTTP layer uses.
struct HTTPReport: RouterMiddleware {
    private let requests: Family<Counter>
    private let seconds: Family<Histogram>
    private let disconnected: Family<Counter>

    init(_ registry: MetricsRegistry) {
        requests = registry.counter(
            "http_requests_total",
            "Total number of requests by method, status and handler.",
            labels: ["handler", "method", "status"]
        )
        seconds = registry.histogram(
            "http_request_duration_seconds",
            "Duration of requests to the end of the response's head.",
            labels: ["handler", "method"],
            buckets: [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300]
        )
        disconnected = registry.counter(
            "vllm:http_requests_client_disconnected_total",
            "Requests whose client left before the answer was complete."
        )
        _ = disconnected[]
    }

    /// Makes the series of all routes: rates and alerts need a first value of each.
    func begin(_ routes: [(path: String, method: String)]) {
        for route in routes {
            for status in ["2xx", "4xx", "5xx"] { _ = requests[route.path, route.method, status] }
            _ = seconds[route.path, route.method]
        }
    }

    /// A client left before its answer was complete.
    func clientLeft() { disconnected[].increment() }

    func handle(
        _ request: Request,
        context: ServerContext,
        next: (Request, ServerContext) async throws -> Response
    ) async throws -> Response {
        let start = ContinuousClock.now
        let response = try await next(request, context)
        // The route and not the path, which could be anything: each value is a series for good. Without one it is NotFound.
        let handler = context.endpointPath ?? "NotFound"
        let method = Self.methods.contains(request.method.rawValue) ? request.method.rawValue : "other"
        requests[handler, method, "\(response.status.code / 100)xx"].increment()
        seconds[handler, method].observe((ContinuousClock.now - start) / .seconds(1))
        return response
    }

    private static let methods: Set<String> = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
}
