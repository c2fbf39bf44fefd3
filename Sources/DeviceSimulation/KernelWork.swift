package import DeviceRuntime

/// What one kernel moves and computes, whatever the device.
package struct KernelWork: Sendable, Hashable {
    /// The operation of XIR.
    package var name: String
    /// Bytes read of weights, and of keys and values of earlier tokens: they come from main memory.
    package var weightBytes: Double
    package var cacheBytes: Double
    /// Bytes of values between kernels, read and written: they stay on the chip where they fit.
    package var activationBytes: Double
    /// A multiply and an add are two.
    package var operations: Double
    /// Numbers that are worked on beside products: inputs of a product's rows, which are rounded and packed, or scores of
    /// attention, which go through the softmax.
    package var elements: Double
    package var arithmetic: DeviceDescriptor.Arithmetic
    /// Rows of the product, or for attention the queries that read the same keys: few of them fill a device less than many.
    package var rows: Double
    /// Kernels that begin for it.
    package var launches: Int

    package init(
        _ name: String,
        weightBytes: Double = 0,
        cacheBytes: Double = 0,
        activationBytes: Double = 0,
        operations: Double = 0,
        elements: Double = 0,
        arithmetic: DeviceDescriptor.Arithmetic,
        rows: Double = .infinity,
        launches: Int = 1
    ) {
        self.name = name
        self.weightBytes = weightBytes
        self.cacheBytes = cacheBytes
        self.activationBytes = activationBytes
        self.operations = operations
        self.elements = elements
        self.arithmetic = arithmetic
        self.rows = rows
        self.launches = launches
    }
}

/// What one step of a program does: its kernels in order, and what crosses between host and device.
package struct StepWork: Sendable, Hashable {
    package var kernels: [KernelWork]
    package var bytesToDevice: Double
    package var bytesToHost: Double

    package init(_ kernels: [KernelWork] = [], bytesToDevice: Double = 0, bytesToHost: Double = 0) {
        self.kernels = kernels
        self.bytesToDevice = bytesToDevice
        self.bytesToHost = bytesToHost
    }

    package var launches: Int { kernels.reduce(0) { $0 + $1.launches } }
}
