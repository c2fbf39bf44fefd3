import HTTPTypes
import Hummingbird
import NIOCore
import PrometheusMetrics

/// `/metrics`: what a scraper reads.
struct MetricsRoute: Sendable {
    static let path = "/metrics"

    let registry: MetricsRegistry

    func add(to router: Router<ServerContext>) {
        router.get(RouterPath(Self.path)) { _, _ in
            Response(
                status: .ok,
                headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8"],
                body: ResponseBody(byteBuffer: ByteBuffer(string: registry.text()))
            )
        }
    }
}
