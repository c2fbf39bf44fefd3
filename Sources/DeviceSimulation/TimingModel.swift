package import DeviceRuntime

/// How long work takes on a device that a descriptor describes: a roofline for each kernel, what it costs to begin one, and
/// what crosses between host and device.
///
/// `docs/timing-model.md` has the formulas and what they assume. The same work takes the same time, always.
package struct TimingModel: Sendable {
    package let descriptor: DeviceDescriptor

    package init(_ descriptor: DeviceDescriptor) {
        self.descriptor = descriptor
    }

    /// Seconds of one kernel, and what they go to; `isResident` says that its weights and cache have stayed on the chip.
    package func time(of kernel: KernelWork, isResident: Bool = false) -> KernelTime {
        var bytes = kernel.weightBytes + kernel.cacheBytes
        var onChip = 0.0
        if isResident, let bandwidth = descriptor.onChipBandwidth {
            (onChip, bytes) = (bytes / bandwidth.value, 0)
        }
        if let memory = descriptor.onChipMemory, let bandwidth = descriptor.onChipBandwidth,
            kernel.activationBytes <= memory.value
        {
            onChip += kernel.activationBytes / bandwidth.value
        } else {
            bytes += kernel.activationBytes
        }
        let latency = bytes > 0 ? descriptor.memoryLatency?.value ?? 0 : 0
        let speed = descriptor.memoryBandwidth.value * descriptor.memoryEfficiency.value
        return KernelTime(
            launch: Double(kernel.launches) * descriptor.launch.value,
            memory: latency + bytes / speed + onChip,
            compute: compute(kernel),
            overlap: descriptor.overlap.value
        )
    }

    /// Seconds of a step, and what they go to; `each` hears of its kernels, with the seconds between the step's beginning and
    /// theirs.
    package func time(of step: StepWork, each: (KernelWork, KernelTime, Double) -> Void = { _, _, _ in }) -> StepTime {
        var time = StepTime(begin: descriptor.step.value)
        time.transfer =
            step.bytesToDevice / (descriptor.hostToDevice?.value ?? .infinity) + step.bytesToHost
            / (descriptor.deviceToHost?.value ?? .infinity)
        let isResident = isResident(step)
        let enqueue = descriptor.enqueue?.value ?? 0
        let start = time.seconds
        // When the host has queued the next kernel, and when the device is done with the last one.
        var (queued, done) = (0.0, 0.0)
        for work in step.kernels {
            let kernel = self.time(of: work, isResident: isResident)
            queued += Double(work.launches) * enqueue
            time.wait += max(0, queued - done)
            done = max(queued, done)
            each(work, kernel, start + done)
            done += kernel.seconds
            time.launch += kernel.launch
            time.memory += kernel.memory
            time.compute += kernel.compute
            time.work += kernel.work
        }
        return time
    }

    /// Whether all that the steps of a model read fits the memory on the chip, so that it is there when the next one begins.
    package func isResident(_ step: StepWork) -> Bool {
        guard let memory = descriptor.onChipMemory else { return false }
        return step.kernels.reduce(0) { $0 + $1.weightBytes + $1.cacheBytes } <= memory.value
    }

    /// Seconds of multiplying, and of what is done beside it.
    private func compute(_ kernel: KernelWork) -> Double {
        guard let (found, peak) = descriptor.peak(kernel.arithmetic) else { return 0 }
        let attention = kernel.name == "paged_attention" ? descriptor.attentionEfficiency : nil
        let efficiency = attention ?? descriptor.computeEfficiency[found]
        let operations = kernel.operations + kernel.elements * (efficiency?.perElement ?? 0)
        return operations / (peak * (efficiency?.value(rows: kernel.rows) ?? 1))
    }
}

/// What the seconds of a kernel go to.
package struct KernelTime: Sendable, Hashable {
    package var launch: Double
    /// Reading and writing, and multiplying, each as if it were alone.
    package var memory: Double
    package var compute: Double
    /// The longer of both, and what of the shorter one does not hide behind it.
    package var work: Double

    init(launch: Double, memory: Double, compute: Double, overlap: Double) {
        self.launch = launch
        self.memory = memory
        self.compute = compute
        work = max(memory, compute) + (1 - overlap) * min(memory, compute)
    }

    package var seconds: Double { launch + work }
}

/// What the seconds of a step go to.
package struct StepTime: Sendable, Hashable {
    package var begin: Double
    package var transfer = 0.0
    package var launch = 0.0
    package var memory = 0.0
    package var compute = 0.0
    /// Reading, writing and multiplying as they hide behind each other, kernel by kernel.
    package var work = 0.0
    /// Of the device for kernels that the host has not queued yet.
    package var wait = 0.0

    package var seconds: Double { begin + transfer + launch + work + wait }
}
