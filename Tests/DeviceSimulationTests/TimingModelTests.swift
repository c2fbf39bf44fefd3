import DeviceRuntime
import DeviceSimulation
import Testing

@Suite struct TimingModelTests {
    /// 100 bytes/s, 1000 operations/s in f16 and 2000 in int8, one second to begin a kernel, ten to begin a step.
    static func descriptor(overlap: Double = 1, onChip: Double? = nil) -> DeviceDescriptor {
        func fact(_ value: Double) -> DeviceDescriptor.Fact { DeviceDescriptor.Fact(value, "test", .assumed) }
        let efficiency = DeviceDescriptor.Efficiency(0.5, "test", .assumed)
        return DeviceDescriptor(
            name: "test",
            title: "test",
            note: "",
            target: .kunlun,
            memory: fact(1e6),
            memoryBandwidth: fact(200),
            memoryEfficiency: fact(0.5),
            onChipMemory: onChip.map(fact),
            onChipBandwidth: onChip.map { _ in fact(1000) },
            peaks: [.float16: fact(2000), .int8: fact(4000)],
            computeEfficiency: [.float16: efficiency, .int8: efficiency],
            overlap: fact(overlap),
            launch: fact(1),
            step: fact(10),
            hostToDevice: fact(50),
            deviceToHost: fact(25)
        )
    }

    private let product = KernelWork(
        "linear",
        weightBytes: 300,
        activationBytes: 100,
        operations: 2000,
        arithmetic: .float16
    )

    @Test func aKernelTakesTheLongerOfReadingAndMultiplying() {
        let time = TimingModel(Self.descriptor()).time(of: product)
        #expect(time.memory == 4 && time.compute == 2 && time.work == 4 && time.seconds == 5)
        var long = product
        long.operations = 8000
        #expect(TimingModel(Self.descriptor()).time(of: long).work == 8)
        #expect(TimingModel(Self.descriptor(overlap: 0)).time(of: product).work == 6)
        #expect(TimingModel(Self.descriptor(overlap: 0.5)).time(of: product).work == 5)
    }

    @Test func valuesThatFitStayOnTheChip() {
        #expect(TimingModel(Self.descriptor(onChip: 100)).time(of: product).memory == 3.1)
        #expect(TimingModel(Self.descriptor(onChip: 99)).time(of: product).memory == 4)
        // And so do weights, where those of the whole step fit.
        #expect(TimingModel(Self.descriptor(onChip: 600)).time(of: StepWork([product, product])).memory == 0.8)
        #expect(TimingModel(Self.descriptor(onChip: 599)).time(of: StepWork([product, product])).memory == 6.2)
    }

    @Test func fewRowsFillADeviceLessThanMany() {
        let points = [(1, 0.1), (4, 0.2), (16, 0.4)].map { DeviceDescriptor.Efficiency.Point(rows: $0, value: $1) }
        let efficiency = DeviceDescriptor.Efficiency(0.5, "test", .assumed, byRows: points)
        #expect(efficiency.value(rows: 1) == 0.1 && efficiency.value(rows: 4) == 0.2)
        #expect(efficiency.value(rows: 16) == 0.4 && efficiency.value(rows: 1000) == 0.4)
        // 10 for one row and 20 for four: 15 in the middle.
        #expect(efficiency.value(rows: 2.5) == 2.5 / 15)
        var seconds = 0.0
        for rows in 1...100 {
            let next = Double(rows) / efficiency.value(rows: Double(rows))
            #expect(next > seconds)
            seconds = next
        }
    }

    @Test func arithmeticThatIsMissingIsDoneInTheNextWiderOne() {
        let model = TimingModel(Self.descriptor())
        func seconds(_ arithmetic: DeviceDescriptor.Arithmetic) -> Double {
            model.time(of: KernelWork("x", operations: 2000, arithmetic: arithmetic)).compute
        }
        #expect(seconds(.int4) == 1 && seconds(.int8) == 1)
        #expect(seconds(.float16) == 2 && seconds(.bfloat16) == 2 && seconds(.float32) == 2)
    }

    @Test func aStepAddsUp() {
        var half = product
        half.launches = 3
        let step = StepWork([product, half], bytesToDevice: 100, bytesToHost: 50)
        let time = TimingModel(Self.descriptor()).time(of: step)
        #expect(time.begin == 10 && time.transfer == 4 && time.launch == 4 && time.work == 8 && time.seconds == 26)
        #expect(step.launches == 4)
    }

    @Test func kernelsWaitUntilTheHostHasQueuedThem() {
        var descriptor = Self.descriptor()
        // Each of them takes a second to begin and four to read.
        descriptor.enqueue = DeviceDescriptor.Fact(2, "test", .assumed)
        var starts: [Double] = []
        let slow = TimingModel(descriptor).time(of: StepWork([product, product])) { starts.append($2) }
        #expect(slow.wait == 2 && slow.seconds == 22 && starts == [12, 17])
        descriptor.enqueue?.value = 7
        starts = []
        let queued = TimingModel(descriptor).time(of: StepWork([product, product])) { starts.append($2) }
        #expect(queued.wait == 9 && queued.seconds == 29 && starts == [17, 24])
    }

    @Test func whatIsDoneBesideProductsIsWorthOperations() {
        var descriptor = Self.descriptor()
        let kernel = KernelWork("linear", operations: 1000, elements: 100, arithmetic: .float16)
        #expect(TimingModel(descriptor).time(of: kernel).compute == 1)
        descriptor.computeEfficiency[.float16]?.perElement = 30
        #expect(TimingModel(descriptor).time(of: kernel).compute == 4)
        // Attention has its own, where that is known.
        descriptor.attentionEfficiency = DeviceDescriptor.Efficiency(0.5, "test", .assumed, perElement: 10)
        let attention = KernelWork("paged_attention", operations: 1000, elements: 100, arithmetic: .float16)
        #expect(TimingModel(descriptor).time(of: attention).compute == 2)
    }

    @Test func theFirstBytesFromMemoryAreWaitedFor() {
        var descriptor = Self.descriptor(onChip: 600)
        descriptor.memoryLatency = DeviceDescriptor.Fact(3, "test", .assumed)
        let model = TimingModel(descriptor)
        #expect(abs(model.time(of: product).memory - 6.1) < 1e-12)
        #expect(model.time(of: product, isResident: true).memory == 0.4)
    }
}
