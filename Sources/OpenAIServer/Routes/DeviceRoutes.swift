import Hummingbird
package import InferenceEngine

/// What the devices of a server are doing, as `/v1/devices` tells it.
package struct DeviceList: Codable, Sendable {
    /// Of the server.
    package var version: String
    package var object = "list"
    package var data: [DeviceStatus]

    package init(version: String, data: [DeviceStatus]) {
        self.version = version
        self.data = data
    }
}

/// `/v1/devices`: for `kongur top` and for whoever wants more than rates.
struct DeviceRoutes: Sendable {
    let model: ServedModel
    let version: String

    func add(to router: Router<ServerContext>) {
        router.get("/v1/devices") { _, _ in
            try Response(json: DeviceList(version: version, data: model.engine.devices))
        }
    }
}
