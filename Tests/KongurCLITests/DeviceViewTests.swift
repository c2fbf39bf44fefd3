import DeviceRuntime
import Foundation
import InferenceEngine
import OpenAIServer
import Testing

@testable import KongurCLI

/// What `kongur top` makes of what a server says.
struct DeviceViewTests {
    private func list(_ devices: String...) throws -> DeviceList {
        let text =
            "{\"version\": \"1.2.3\", \"object\": \"list\", \"data\": [\(devices.joined(separator: ","))]}"
        return try JSONDecoder().decode(DeviceList.self, from: Data(text.utf8))
    }

    private func device(
        _ index: Int,
        runs: Int,
        busy: Double,
        generated: Int,
        more: String = "",
        failure: String? = nil
    ) -> String {
        """
        {"index": \(index), "name": "xpu", \(failure.map { "\"failure\": \"\($0)\"," } ?? "")
         "statistics": {"weight_bytes": 3221225472, "cache_bytes": 1073741824, "work_bytes": 104857600,
            "memory_total_bytes": 103079215104, "memory_used_bytes": 4404019200, "runs": \(runs), "busy_seconds": \(busy),
            "kernels": {"linear": {"launches": \(runs * 10), "seconds": \(busy * 0.75)},
                        "swiglu": {"launches": \(runs * 5), "seconds": \(busy * 0.25)}},
            "read_bytes": \(runs * 3_000_000_000), "operations": \(runs * 6_000_000_000), "fallbacks": 7, "faults": 1,
            "threads": 1\(more)},
         "engine": {"running": 3, "waiting": 2, "steps": \(runs), "preemptions": 4, "max_sequences": 8,
            "cache_blocks": 200, "free_cache_blocks": 50, "block_size": 16, "prompt_tokens": 0,
            "cached_prompt_tokens": 0, "generated_tokens": \(generated), "step_tokens": \(runs * 3)}}
        """
    }

    private func look(_ list: DeviceList, _ time: Double) -> DeviceView.Look {
        DeviceView.Look(version: list.version, devices: list.data, time: time)
    }

    @Test func aDeviceIsShownAsItsToolShowsIt() throws {
        let sensors = """
            , "temperature_celsius": 35.4, "power_watts": 87, "power_limit_watts": 400, "onchip_total_bytes": 100663296,
            "onchip_used_bytes": 0, "driver_version": "5.19.0.0", "runtime_version": "5.19.0",
            "peak_bytes_per_second": 1200000000000, "peak_operations_per_second": 256000000000000
            """
        let earlier = try list(device(0, runs: 100, busy: 10, generated: 1000, more: sensors))
        let later = try list(device(0, runs: 300, busy: 11, generated: 1500, more: sensors))
        let lines = DeviceView(earlier: look(earlier, 5), later: look(later, 7)).lines
        #expect(lines.allSatisfy { $0.count == DeviceView.width })
        let text = lines.joined(separator: "\n")
        #expect(text.contains("KONGUR 1.2.3") && text.contains("Driver Version: 5.19.0.0"))
        #expect(text.contains("35C") && text.contains("87W / 400W"))
        #expect(text.contains("4200MiB / 98304MiB") && text.contains("0MiB / 96MiB"))
        #expect(text.contains("held w/kv/work 3072/1024/100M"))
        // 1 of 2 seconds; 300 GB/s of 1,200; 0.6 Top/s of 256.
        #expect(text.contains(" 50%") && text.contains(" 25%") && text.contains(" 0%"))
        let engine = try #require(lines.first { $0.contains("250") })
        #expect(
            engine.split(separator: " ").dropFirst().dropLast() == [
                "0", "3", "2", "3.0", "75%", "250", "0", "4",
            ]
        )
        let kernels = lines.filter { $0.contains("linear") || $0.contains("swiglu") }
        #expect(
            kernels.map { $0.split(separator: " ").dropFirst().dropLast() } == [
                ["0", "linear", "1000", "375", "75%", "375"], ["0", "swiglu", "500", "125", "25%", "250"],
            ]
        )
    }

    @Test func whatIsNotKnownIsNotGuessed() throws {
        let only = try list(device(0, runs: 1, busy: 1, generated: 5))
        let lines = DeviceView(earlier: nil, later: look(only, 1)).lines
        #expect(lines.allSatisfy { $0.count == DeviceView.width })
        #expect(lines.contains { $0.contains("N/A / N/A") })
        #expect(lines.contains { $0.contains("idle") })
        #expect(!lines.contains { $0.contains("nan") || $0.contains("inf") })
        // Without limits there are amounts instead of shares.
        let more = try list(device(0, runs: 5, busy: 2, generated: 5))
        let rates = DeviceView(earlier: look(only, 1), later: look(more, 3)).lines.joined()
        #expect(rates.contains("6.0GB/s") && rates.contains("12.0Gop/s"))
    }

    @Test func aLostDeviceSaysWhy() throws {
        let later = try list(
            device(0, runs: 1, busy: 1, generated: 1, failure: "xpu:0 does not answer\\u001b[2J"),
            device(1, runs: 1, busy: 1, generated: 1)
        )
        let lines = DeviceView(earlier: nil, later: look(later, 0)).lines
        #expect(lines.contains { $0.contains("LOST: xpu:0 does not answer?[2J") })
        #expect(lines.allSatisfy { $0.count == DeviceView.width && !$0.contains("\u{1b}") })
    }

    @Test func aMachineAloneHasNoEngines() {
        let device = DeviceStatus(index: 0, name: "cpu", statistics: DeviceStatistics(threadCount: 4))
        let look = DeviceView.Look(version: "1", devices: [device], time: 0)
        let lines = DeviceView(earlier: nil, later: look).lines
        #expect(lines.contains { $0.contains("kongur top --server URL") })
        // Nobody computes here, and what others do is not known.
        let both = DeviceView(earlier: look, later: look).lines
        #expect(!both.contains { $0.contains("0%") || $0.contains("op/s") })
        let none = DeviceView(earlier: nil, later: DeviceView.Look(version: "1", devices: [], time: 0))
            .lines
        #expect(none.contains { $0.contains("no devices") })
    }

    @Test func numbersFitAGlance() {
        #expect(
            DeviceView.decimal(0) == "0" && DeviceView.decimal(0.04) == "0.0"
                && DeviceView.decimal(9.96) == "10.0"
        )
        #expect(DeviceView.decimal(123.4) == "123" && DeviceView.decimal(.infinity) == "?")
        #expect("a\u{1b}b\u{7f}é".plain == "a?b??")
    }
}
