import DeviceRuntime
import Foundation
import InferenceEngine
import Kongur
import OpenAIClient
import OpenAIServer

/// Where looks at devices come from: this machine, or a server.
struct DeviceSource: Sendable {
    private let look: @Sendable () async throws -> DeviceList

    /// The devices of a list; nobody computes with them here.
    init(devices list: String) throws {
        let devices = try DeviceCatalog.devices(named: list)
        look = {
            let data = devices.enumerated().map { index, device in
                DeviceStatus(index: index, name: device.name, statistics: device.statistics)
            }
            return DeviceList(version: kongurVersion, data: data)
        }
    }

    /// The devices of the server that a client asks.
    init(_ client: ModelServerClient) {
        look = {
            let body = try await client.devices()
            do {
                return try JSONDecoder().decode(DeviceList.self, from: Data(body))
            } catch {
                throw KongurError(
                    .networkFailed,
                    "\(client.address)/devices says nothing of devices; the server must be Kongur's, and no older than this program",
                    cause: error
                )
            }
        }
    }

    /// What they are doing now.
    func list() async throws -> DeviceList { try await look() }

    /// The same, with the time.
    func now() async throws -> DeviceView.Look {
        let list = try await look()
        let time = ContinuousClock.now - Self.start
        return DeviceView.Look(version: list.version, devices: list.data, time: time / .seconds(1))
    }

    private static let start = ContinuousClock.now
}
