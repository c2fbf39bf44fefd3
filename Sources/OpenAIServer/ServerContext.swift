import Hummingbird
import NIOCore

/// What belongs to one request while it is worked on.
struct ServerContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    let channel: any Channel
    var record: RequestRecord
    /// Set before anything else sees the request.
    var trace: RequestTrace?

    init(source: ApplicationRequestContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
        channel = source.channel
        record = RequestRecord(id: "")
    }
}
