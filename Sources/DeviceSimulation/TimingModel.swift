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
        let memory = bytes / (descriptor.memoryBandwidth.value * descriptor.memoryEfficiency.value) + onChip
        let compute = kernel.operations / speed(of: kernel)
        return KernelTime(
            launch: Double(kernel.launches) * descriptor.launch.value,
            memory: memory,
            compute: compute,
            overlap: descriptor.overlap.value
        )
    }

    /// Seconds of a step, and what they go to.
    package func time(of step: StepWork) -> StepTime {
        var time = StepTime(begin: descriptor.step.value)
        time.transfer =
            step.bytesToDevice / (descriptor.hostToDevice?.value ?? .infinity) + step.bytesToHost
            / (descriptor.deviceToHost?.value ?? .infinity)
        let isResident = isResident(step)
        for kernel in step.kernels {
            let kernel = self.time(of: kernel, isResident: isResident)
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

    /// Operations per second that matrix products reach.
    private func speed(of kernel: KernelWork) -> Double {
        guard let (found, peak) = descriptor.peak(kernel.arithmetic) else { return .infinity }
        let attention = kernel.name == "paged_attention" ? descriptor.attentionEfficiency : nil
        return peak * ((attention ?? descriptor.computeEfficiency[found])?.value(rows: kernel.rows) ?? 1)
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

    package var seconds: Double { begin + transfer + launch + work }
}
