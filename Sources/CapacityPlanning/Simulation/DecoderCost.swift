package import DeviceRuntime
package import DeviceSimulation

/// Seconds of a decoder's steps on a device.
///
/// The timing model adds up kernels, and all layers have the same: two layers say what any number takes, in a fraction of the
/// time. Where even less than the whole would stay on the chip, or the device waits for the host, all are added up.
package struct DecoderCost: Sendable {
    private let timing: TimingModel
    private let layers: Int
    private let whole: DecoderWork
    private let one: DecoderWork
    private let two: DecoderWork

    package init(_ work: DecoderWork, on device: DeviceDescriptor) {
        timing = TimingModel(device)
        layers = work.shape.layers
        whole = work
        func with(_ layers: Int) -> DecoderWork {
            var work = work
            work.shape.layers = layers
            return work
        }
        one = with(1)
        two = with(2)
    }

    package func seconds(of batch: BatchShape) -> Double {
        let step = one.step(batch)
        guard !timing.isResident(step) else { return timing.time(of: whole.step(batch)).seconds }
        let first = timing.time(of: step)
        let second = timing.time(of: two.step(batch))
        // The device waits for the host in the first layer alone, or else as it comes.
        guard second.wait <= first.wait else { return timing.time(of: whole.step(batch)).seconds }
        return first.seconds + Double(layers - 1) * (second.seconds - first.seconds)
    }
}
