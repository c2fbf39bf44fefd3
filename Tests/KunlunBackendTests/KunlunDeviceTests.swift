import DeviceRuntime
import KongurTesting
import KunlunBackend
import ReferenceBackend
import Tensors
import Testing
import XIRCompiler

/// The device on stand-ins of the vendor's libraries, which are opened as the real ones are.
///
/// One at a time: the stand-in runtime is one for the process, as a card is.
@Suite(.serialized, .enabled(if: KunlunStandIn.isAvailable && TinyCheckpoints.areAvailable)) struct KunlunDeviceTests {
    private func device(
        _ number: Int = 0,
        _ operators: KunlunStandIn.Operators = .all,
        fallback: Bool = true,
        timeout: Double = 300,
        tellsPlaces: Bool = true,
        readings: String = ""
    ) throws -> KunlunDevice {
        var options = KunlunDevice.Options()
        options.allowsFallback = fallback
        options.timeout = timeout
        var environment = try KunlunStandIn.environment(operators, tellsPlaces: tellsPlaces)
        environment["KONGUR_KUNLUN_READINGS"] = readings
        return try KunlunDevice(number, KunlunInstallation(environment: environment), options)
    }

    @Test(arguments: TinyCheckpoints.names, [WeightForm.float16, .int8])
    func wholeModelsGiveTheReferencesLogits(name: String, form: WeightForm) throws {
        let model = try StandInModel(name, form, widestProduct: 40)
        // A device of an earlier test that hangs keeps its own.
        let allocations = try StandInControl().allocations()
        let device = try device(1, fallback: false)
        let logits = try model.logits(on: device)
        #expect(StandInModel.agree(logits, try model.logits(on: ReferenceDevice())))
        #expect(device.activity.fallbacks == [:])
        #expect(device.statistics.launches == 4 * model.program.steps.count)
        #expect(try StandInControl().allocations() == allocations)
        let statistics = device.statistics
        #expect(statistics.weightByteCount == 0 && statistics.runs == 4 && statistics.busySeconds > 0)
        #expect(statistics.launches == device.activity.launches && statistics.fallbacks == 0)
        #expect(statistics.temperature == 41 && statistics.power == 87.5 && statistics.reportedUtilization == 0.25)
        #expect(statistics.memoryByteCount == 32 << 30 && statistics.runtimeVersion == "0.1")
    }

    @Test func whatTheOperatorsLackRunsOnTheProcessorAndIsCounted() throws {
        let model = try StandInModel("qwen3", .float16)
        let device = try device(0, .few)
        #expect(StandInModel.agree(try model.logits(on: device), try model.logits(on: ReferenceDevice())))
        let fallbacks = device.activity.fallbacks
        for operation in ["paged_attention", "rotary_cache_write", "rms_norm", "add_rms_norm", "swiglu"] {
            #expect(fallbacks[operation] ?? 0 > 0, "\(operation)")
        }
        #expect(fallbacks["linear"] == nil && device.statistics.launches > 0)
    }

    @Test func withoutFallbackEveryMissingOperationIsNamed() throws {
        let model = try StandInModel("qwen3", .float16)
        let device = try device(0, .few, fallback: false)
        let failure = #expect(throws: DeviceError.self) { _ = try device.load(model.program, symbols: model.symbols) }
        #expect(failure?.code == .unsupported)
        for operation in ["paged_attention", "rotary_cache_write", "rms_norm", "add_rms_norm"] {
            #expect(failure?.message.contains("'\(operation)'") == true)
        }
    }

    @Test func withoutFallbackAShapeThatIsRefusedIsAnError() throws {
        let model = try StandInModel("llama", .float16)
        let device = try device(0, .refusing, fallback: false)
        let failure = #expect(throws: DeviceError.self) { _ = try model.logits(on: device) }
        #expect(failure?.code == .unsupported)
        #expect(failure?.message.contains("'swiglu'") == true && device.failure == nil)
    }

    @Test func operatorsOfAnotherVersionAreRefused() throws {
        let installation = KunlunInstallation(environment: try KunlunStandIn.environment(.ofAnotherVersion))
        #expect(installation.operators.reason?.contains("version 9") == true)
        #expect(installation.whatIsMissing?.contains("KONGUR_KUNLUN_OPS") == true)
    }

    /// Whatever the call and the code, an error that names them; nothing leaks; a new device works when all is reset.
    @Test(arguments: KunlunFaults.codes) func everyErrorEndsInAClearError(code: Int32) throws {
        let model = try StandInModel("llama", .float16)
        let control = try StandInControl()
        control.reset()
        let allocations = control.allocations()
        _ = try model.logits(on: device())
        let calls = control.calls()
        // The second and third ask where the device is and how much memory it has, which it may do without.
        for at in [1, 4, 9, calls / 4, calls / 2, calls - 30] {
            control.reset()
            control.fail(at, code)
            var isLost = false
            do {
                let device = try device()
                defer { isLost = device.failure != nil }
                _ = try model.logits(on: device)
                // Only what is given back at the end was left to fail.
                #expect(at > calls / 2, "call \(at) of \(calls)")
            } catch let error as DeviceError {
                #expect(error.message.contains("\(code)"), "\(error.message)")
                #expect(error.message.contains("xpu"))
                #expect(error.code != .deviceLost || isLost || at <= 4)
            }
            #expect(control.allocations() == allocations, "code \(code) at call \(at)")
        }
        control.reset()
        #expect(StandInModel.agree(try model.logits(on: device()), try model.logits(on: ReferenceDevice())))
    }

    @Test func aDeviceThatIsLostAnswersNothingElse() throws {
        let model = try StandInModel("llama", .float16)
        let control = try StandInControl()
        control.reset()
        let device = try device()
        let executable = try device.load(model.program, symbols: model.symbols)
        control.fail(20, 714)
        let failure = #expect(throws: DeviceError.self) { _ = try model.logits(executable) }
        #expect(failure?.code == .deviceLost)
        #expect(failure?.message.contains("errtask") == true)
        // The same error, without another call of the runtime.
        let calls = control.calls()
        let next = #expect(throws: DeviceError.self) { _ = try model.logits(executable) }
        #expect(next?.message == failure?.message && control.calls() == calls)
        control.reset()
    }

    @Test func aFaultThatDoesNotStayIsOneFailedRun() throws {
        let model = try StandInModel("llama", .float16)
        let control = try StandInControl()
        control.reset()
        let device = try device()
        let executable = try device.load(model.program, symbols: model.symbols)
        control.fail(20, 809)
        let failure = #expect(throws: DeviceError.self) { _ = try model.logits(executable) }
        #expect(failure?.code == .failed)
        #expect(device.failure == nil)
        #expect(StandInModel.agree(try model.logits(executable), try model.logits(on: ReferenceDevice())))
    }

    @Test func aHangEndsTheDeviceAndNotTheCaller() throws {
        let model = try StandInModel("llama", .float16)
        let control = try StandInControl()
        control.reset()
        let device = try device(timeout: 2)
        let executable = try device.load(model.program, symbols: model.symbols)
        control.fail(30, StandInControl.hang)
        let failure = #expect(throws: DeviceError.self) { _ = try model.logits(executable) }
        #expect(failure?.code == .deviceLost)
        #expect(failure?.message.contains("did not come back within 2 s") == true)
        #expect(throws: DeviceError.self) { _ = try model.logits(executable) }
        #expect(throws: DeviceError.self) { _ = try model.logits(on: device) }
        control.reset()
    }

    @Test func tooLittleMemoryIsSaidWithWhatWasAskedFor() throws {
        let model = try StandInModel("llama", .float16)
        let control = try StandInControl()
        control.reset()
        let allocations = control.allocations()
        control.limit(4096)
        let device = try device()
        let failure = #expect(throws: DeviceError.self) { _ = try model.logits(on: device) }
        #expect(failure?.code == .outOfMemory)
        #expect(failure?.message.contains("bytes were asked for") == true)
        #expect(control.allocations() == allocations)
        control.reset()
    }

    /// What would read outside of tables and caches is refused before the device sees it.
    @Test func indicesOutOfRangeNeverReachTheDevice() throws {
        let model = try StandInModel("llama", .float16)
        let device = try device()
        let executable = try device.load(model.program, symbols: model.symbols)
        let good = SingleSequence(model.tokens, blockSize: model.blockSize).inputs(0..<4)
        func changed(_ input: Int, _ value: Int32) -> [Tensor] {
            var inputs = good
            inputs[input] = Tensor([Int32](repeating: value, count: good[input].elementCount), good[input].shape)
            return inputs
        }
        // Token ids, slots, row starts, context lengths, block tables and output rows.
        for (input, value) in [(0, 1 << 20), (0, -1), (2, 1 << 20), (3, 9), (4, 1000), (5, 99), (5, -1), (6, 4)] {
            let failure = #expect(throws: DeviceError.self) { _ = try executable.run(changed(input, Int32(value))) }
            #expect(failure?.code == .invalidInput, "input \(input) of \(value)")
        }
        #expect(try executable.run(good).count == 1)
    }

    /// libxpuml's order is not the runtime's: what it says of a device is found by the place on the bus.
    @Test(arguments: [(0, "0001:53:02.0", 42.0, 2), (1, "0001:03:00.0", 41.0, 1)])
    func whatTheManagementLibraryKnowsIsRead(number: Int, address: String, temperature: Double, used: Int) throws {
        let device = try device(number)
        let state = device.state
        #expect(device.address?.description == address)
        #expect(state.name == "stand-in" && state.temperature == temperature && state.power == 87.5)
        #expect(state.memoryByteCount == 32 << 30 && state.usedMemoryByteCount == used << 30)
        #expect(device.freeByteCount == (32 - used) << 30 && state.computeUtilization == 0.25)
    }

    /// Another card's free memory would be worse than none.
    @Test func withoutPlacesTheRuntimesMemoryCounts() throws {
        let control = try StandInControl()
        control.reset()
        let device = try device(0, tellsPlaces: false)
        #expect(device.state == KunlunState())
        #expect(device.freeByteCount == 1 << 36 && device.statistics.memoryByteCount == 1 << 36)
    }

    /// A place that cannot be asked for leaves the device without observations, and one that is lost at it is lost.
    @Test(arguments: [707, 713] as [Int32]) func aDeviceWhosePlaceIsNotToldStillRuns(code: Int32) throws {
        let model = try StandInModel("llama", .float16)
        let control = try StandInControl()
        control.reset()
        control.fail(2, code)
        guard let device = try? device() else {
            #expect(code == 713)
            return control.reset()
        }
        #expect(device.address == nil && device.state == KunlunState())
        if code == 713 {
            let failure = #expect(throws: DeviceError.self) { _ = try model.logits(on: device) }
            #expect(failure?.code == .deviceLost && failure?.message.contains("713") == true)
        } else {
            #expect(StandInModel.agree(try model.logits(on: device), try model.logits(on: ReferenceDevice())))
        }
        control.reset()
    }

    @Test func aReadingIsTakenFromTheEnvironment() throws {
        let model = try StandInModel("llama", .float16)
        let expected = try model.logits(on: ReferenceDevice())
        #expect(try device().readings == [KunlunReading(name: "swiglu.gate", choices: ["first", "second"], chosen: 0)])
        let other = try device(readings: "swiglu.gate = second")
        #expect(other.readings.first?.chosen == 1)
        #expect(!StandInModel.agree(try model.logits(on: other), expected))
        #expect(StandInModel.agree(try model.logits(on: device(readings: "swiglu.gate=first")), expected))
    }

    @Test(arguments: ["swiglu.gate=third", "swiglu.turn=first", "swiglu.gate", "=first", "swiglu.gate=first=second"])
    func aReadingThatIsNotThereIsAnError(text: String) throws {
        let failure = #expect(throws: DeviceError.self) { _ = try device(readings: text) }
        #expect(failure?.code == .invalidInput && failure?.message.contains("KONGUR_KUNLUN_READINGS") == true)
        if text.contains("=first") == false, text.contains("=") {
            #expect(failure?.message.contains("swiglu.gate=first|second") == true)
        }
    }

    /// What operators keep about a cache goes with it: the next one may stand at the same place.
    @Test func cachesAreForgottenWhenTheyGo() throws {
        let model = try StandInModel("llama", .float16)
        let control = try StandInControl()
        let device = try device()
        let before = control.caches(0)
        do {
            let executable = try device.load(model.program, symbols: model.symbols)
            _ = try model.logits(executable)
            #expect(control.caches(0) == before + Int64(model.program.states.count))
        }
        #expect(control.caches(0) == before)
    }

    /// The operating system's numbers are the driver's answers too.
    @Test(arguments: [
        (12, DeviceError.Code.outOfMemory, false), (-12, .outOfMemory, false), (16, .failed, false),
        (4, .failed, false), (11, .failed, false), (5, .deviceLost, true), (999, .failed, false),
        (650, .deviceLost, true),
    ])
    func systemErrorsAreDecoded(answer: Int32, code: DeviceError.Code, isLost: Bool) throws {
        let model = try StandInModel("llama", .float16)
        let control = try StandInControl()
        control.reset()
        let device = try device()
        let executable = try device.load(model.program, symbols: model.symbols)
        control.fail(20, answer)
        let failure = #expect(throws: DeviceError.self) { _ = try model.logits(executable) }
        #expect(failure?.code == code && (device.failure != nil) == isLost, "\(failure?.message ?? "")")
        if answer == 12 { #expect(failure?.message.contains("annot allocate memory") == true) }
        #expect(failure?.message.contains("does not know") == false)
        if !isLost {
            #expect(StandInModel.agree(try model.logits(executable), try model.logits(on: ReferenceDevice())))
        }
        control.reset()
    }

    @Test func aDeviceThatIsNotThereIsNotFound() throws {
        let failure = #expect(throws: DeviceError.self) { _ = try device(7) }
        #expect(failure?.code == .deviceNotFound)
    }
}
