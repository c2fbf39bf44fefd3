import DeviceRuntime
import DeviceSimulation
import Testing

@Suite struct DeviceMemoryTests {
    @Test func whatDoesNotFitIsRefusedAndNothingIsTaken() throws {
        var memory = DeviceMemory(byteCount: 100)
        try memory.allocate([.weights: 60, .arena: 10], on: "k20")
        let error = #expect(throws: DeviceError.self) {
            try memory.allocate([.states: 20, .arena: 11], on: "k20")
        }
        #expect(error?.code == .outOfMemory)
        #expect(error?.message.contains("needs 31: states 20, arena 11") == true, "\(error!)")
        #expect(memory.usedByteCount == 70)
        try memory.allocate([.states: 30], on: "k20")
        memory.free([.weights: 60, .arena: 10])
        #expect(memory.usedByteCount == 30 && memory.held[.weights] == 0)
    }

    @Test(arguments: FaultInjection.Fault.allCases) func faultsAreReadByName(_ fault: FaultInjection.Fault) {
        #expect(FaultInjection(parsing: "\(fault.rawValue)@1000") == FaultInjection(fault, atRun: 1000))
        for text in ["\(fault.rawValue)", "\(fault.rawValue)@0", "\(fault.rawValue)@x", "@1", "\(fault.rawValue)@1@2"] {
            #expect(FaultInjection(parsing: text) == nil, "\(text)")
        }
    }
}
