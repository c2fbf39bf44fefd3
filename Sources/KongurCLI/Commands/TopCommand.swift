import ArgumentParser
import Foundation
import Kongur
import Synchronization

/// `kongur top`: what devices, engines and kernels are doing, as it happens.
struct TopCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "top",
        abstract: "Watch the devices of a server or of this machine.",
        discussion: """
            With --server, the devices that the server computes with: memory, utilisation, requests and the time of each kernel. \
            Util is the share of time in which the device ran the model; Compute and Bandwidth are shares of what it reaches at \
            most where that is known, and else what it did each second. Without --server, memory and sensors of the devices of \
            this machine: what another process computes with them is not to be seen from here. Ctrl-C ends it. Where the output \
            is no terminal, it is printed once.
            """
    )

    @OptionGroup var server: DeviceServerArguments

    @Option(
        help: ArgumentHelp("Seconds from one look to the next.", valueName: "seconds")
    )
    var interval = 2.0

    @Flag(help: "Print once and end, after one interval.")
    var once = false

    func validate() throws {
        guard interval.isFinite, (0.1...3600).contains(interval) else {
            throw ValidationError("--interval must be from 0.1 to 3600 seconds.")
        }
    }

    func run() async throws {
        try await server.withSource { source in
            let first = try await source.now()
            guard Console.outputIsTerminal, !once else {
                try await Task.sleep(for: .seconds(interval))
                let view = DeviceView(earlier: first, later: try await source.now())
                for line in view.lines { Console.print(line) }
                return
            }
            try await watch(source, first)
        }
    }

    /// Shows one look after the other, until a signal ends the program.
    private func watch(_ source: DeviceSource, _ first: DeviceView.Look) async throws {
        let shown = Shown(lines: DeviceView(earlier: nil, later: first).lines)
        let screen = FullScreen { shown.draw() }
        defer { screen.close() }
        shown.attach(screen)
        var earlier: DeviceView.Look? = first
        while true {
            try await Task.sleep(for: .seconds(interval))
            do {
                let later = try await source.now()
                shown.set(DeviceView(earlier: earlier, later: later).lines)
                earlier = later
            } catch {
                // It may come back; rates begin anew then.
                earlier = nil
                shown.set([
                    "kongur: \(KongurError(asking: error).message)", "Trying again every \(interval) s.",
                ])
            }
        }
    }

    /// What is on the screen, to be drawn again when the screen changes.
    private final class Shown: Sendable {
        private struct State {
            var lines: [String]
            weak var screen: FullScreen?
        }

        private let state: Mutex<State>

        init(lines: [String]) { state = Mutex(State(lines: lines)) }

        func attach(_ screen: FullScreen) {
            state.withLock { $0.screen = screen }
            draw()
        }

        func set(_ lines: [String]) {
            state.withLock { $0.lines = lines }
            draw()
        }

        func draw() {
            let (lines, screen) = state.withLock { ($0.lines, $0.screen) }
            screen?.show(lines)
        }
    }
}
