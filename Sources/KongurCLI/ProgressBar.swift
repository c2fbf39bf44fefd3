import Foundation
import Kongur
import Synchronization

/// One line on standard error that says how far something is, for a person who waits; `isShown` is false when there is
/// none.
final class ProgressBar: Sendable {
    enum Unit {
        case bytes
        case items
        /// Steps of different length, whose number says nothing to a person.
        case steps
    }

    private struct State {
        var started = ContinuousClock.now
        /// What was there before the first report: it took none of the time.
        var first: Int?
    }

    private let isShown: Bool
    /// What is done sooner than this is not worth a bar.
    private let delay: Duration
    private let state = Mutex(State())

    init(isShown: Bool = true, after delay: Duration = .zero) {
        self.isShown = isShown && Console.showsProgress
        self.delay = delay
    }

    func show(done: Int, of total: Int, unit: Unit, note: String = "") {
        guard isShown else { return }
        let (elapsed, first) = state.withLock { state in
            state.first = state.first ?? done
            return (ContinuousClock.now - state.started, state.first ?? done)
        }
        guard elapsed >= delay else { return }
        let fraction = total > 0 ? min(1, Double(done) / Double(total)) : 0
        let width = 28
        let filled = Int(fraction * Double(width))
        let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: width - filled)
        var line = "\(bar) \(Int(fraction * 100))%"
        guard unit != .steps else { return Console.progress(line + "  \(note)") }
        line += "  \(Self.text(done, unit)) of \(Self.text(total, unit))"
        let rate = Double(done - first) / max(elapsed.inSeconds, 0.001)
        if rate > 0, done < total {
            line += "  \(Self.duration(Double(total - done) / rate)) left"
        }
        Console.progress(line + (note.isEmpty ? "" : "  \(note)"))
    }

    /// Says what is done now, where nobody knows how long it takes.
    func show(_ step: String) {
        if isShown { Console.progress("\(step) …") }
    }

    /// Writes a line above the bar.
    func note(_ line: String) {
        if isShown { Console.progress("") }
        Console.note(line)
    }

    func clear() {
        if isShown { Console.progress("") }
    }

    private static func text(_ count: Int, _ unit: Unit) -> String {
        switch unit {
        case .bytes: ByteText.of(count)
        case .items, .steps: "\(count)"
        }
    }

    private static func duration(_ seconds: Double) -> String {
        let seconds = Int(min(seconds, 359_999))
        return seconds < 60
            ? "\(seconds) s"
            : seconds < 3600 ? "\(seconds / 60) min \(seconds % 60) s" : "\(seconds / 3600) h \(seconds / 60 % 60) min"
    }
}

extension Duration {
    var inSeconds: Double { self / .seconds(1) }

    /// Seconds as text with this many digits after the point.
    func seconds(_ digits: Int) -> String {
        String(format: "%.\(digits)f", inSeconds)
    }
}
