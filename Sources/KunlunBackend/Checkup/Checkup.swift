import CKunlun
package import DeviceRuntime
import ReferenceBackend
import Tensors
import XIR

/// The checks of `kongur doctor` for a Kunlun card, one after the other; a device that fails ends them.
package struct Checkup {
    let installation: KunlunInstallation
    let number: Int
    let options: KunlunDevice.Options

    package init(_ installation: KunlunInstallation, device number: Int, _ options: KunlunDevice.Options) {
        self.installation = installation
        self.number = number
        self.options = options
    }

    /// What is installed, what the device says, transfers, and each operation and the tokens of models that were compiled
    /// for Kunlun, given with the form of their weights.
    ///
    /// The models are asked for when the device is there.
    package func run(version: String, models: () throws -> [(weights: String, model: CompiledModel)]) -> CheckupReport {
        var report = CheckupReport(
            kongur: version,
            libraries: [installation.runtime, installation.management, installation.operators].map { part in
                CheckupReport.Library(
                    purpose: part.purpose,
                    path: part.path,
                    version: part.version,
                    reason: part.reason,
                    present: part.present,
                    missing: part.missing,
                    tried: part.failures
                )
            }
        )
        if let missing = installation.whatIsMissing { report.problems.append(missing) }
        do {
            let device = try KunlunDevice(number, installation, options)
            report.device = facts(device)
            for byteCount in [4096, 1 << 20, 64 << 20] {
                let transfer = try transfer(byteCount, device)
                report.transfers.append(transfer)
                if !transfer.isIntact {
                    report.problems.append("\(byteCount) bytes came back from the device changed")
                }
            }
            let models = try models()
            for (_, model) in models { checkOperations(model, device, &report) }
            checkWideProducts(device, &report)
            checkReadings(models.map(\.model), device, &report)
            for (weights, model) in models {
                if let failure = device.failure { throw failure }
                try checkTokens(model, weights, device, &report)
            }
        } catch {
            report.problems.append("\(error)")
        }
        return report
    }

    private func facts(_ device: KunlunDevice) -> CheckupReport.DeviceFacts {
        let state = device.state
        var attributes: [String: UInt64] = [:]
        for (name, attribute) in [
            ("model", CK_XPU_MODEL), ("main_memory", CK_XPU_MAIN_MEMORY_CAPACITY),
            ("on_chip_memory", CK_XPU_ON_CHIP_MEMORY_CAPACITY), ("clusters", CK_XPU_CLUSTERS),
            ("matrix_units", CK_XPU_MATRIX_UNITS),
        ] {
            attributes[name] = device.session.attribute(attribute)
        }
        return CheckupReport.DeviceFacts(
            name: device.name,
            address: device.address?.description,
            product: state.name,
            driver: installation.management.version,
            attributes: attributes,
            memoryByteCount: state.memoryByteCount,
            usedMemoryByteCount: state.usedMemoryByteCount,
            temperature: state.temperature,
            power: state.power
        )
    }

    private func transfer(_ byteCount: Int, _ device: KunlunDevice) throws(DeviceError) -> CheckupReport.Transfer {
        let session = device.session
        let memory = DeviceMemory(session)
        return try session.thread.run { () throws(DeviceError) in
            let target = try memory.allocate(byteCount)
            var numbers = SeededNumbers()
            let source = Tensor((0..<byteCount / 4).map { _ in numbers.next() }, [byteCount / 4])
            var result = MutableTensor(source.type)
            let start = DeviceThread.now()
            try source.withBytes { (bytes) throws(DeviceError) in try session.copyToDevice(target, bytes) }
            let sent = DeviceThread.now()
            try result.withMutableBytes { (bytes) throws(DeviceError) in try session.copyToHost(bytes, target) }
            let received = DeviceThread.now()
            return CheckupReport.Transfer(
                byteCount: byteCount,
                isIntact: result.freeze() == source,
                toDevice: Double(byteCount) / max(sent - start, 1e-9),
                toHost: Double(byteCount) / max(received - sent, 1e-9)
            )
        }
    }

    private func checkOperations(_ model: CompiledModel, _ device: KunlunDevice, _ report: inout CheckupReport) {
        let probe = OperationProbe(device: device, model)
        // One sequence of some lengths, and rows of several.
        let checks =
            [1, 5, 33].flatMap { probe.checks(rows: min($0, model.contextLength)) }
            + probe.checks(rows: min(33, model.contextLength), sequences: 3) { $0.operation == "paged_attention" }
        report.operations += checks
        for check in checks where !check.isGood { report.problems.append(Self.problem(check)) }
        for operation in Set(checks.filter { $0.ranOn == "cpu" }.map(\.operation)).sorted() {
            report.problems.append("the operator library lacks '\(operation)', which runs on the CPU and is slow")
        }
    }

    /// The product of one row and 248,320 columns that is known to go wrong on a card, and the same in parts.
    private func checkWideProducts(_ device: KunlunDevice, _ report: inout CheckupReport) {
        let (columns, inputs) = (248_320, 64)
        for width in [columns, 65_536] {
            var numbers = SeededNumbers()
            let weights = Tensor((0..<width * inputs).map { _ in numbers.next() }, [width, inputs])
            guard
                let half = try? Interpreter.evaluate(
                    Operation("cast", [], results: [], attributes: ["to": .elementType(.float16)]),
                    [weights],
                    resultTypes: [TensorType(.float16, weights.shape)],
                    symbols: [:],
                    constants: [:]
                )[0]
            else { return }
            let x = ValueType(.float16, [Extent(symbol: StepProgram.tokens), Extent(inputs)])
            let y = ValueType(.float32, [Extent(symbol: StepProgram.tokens), Extent(width)])
            let program = Program(
                name: StepProgram.name,
                values: [
                    ProgramValue(x, .arena(offset: 0)), ProgramValue(ValueType(half.type), .constant(0)),
                    ProgramValue(y, .arena(offset: 4096)),
                ],
                constants: [ProgramConstant("weight", half)],
                steps: [ProgramStep("linear", [0, 1], results: [2], attributes: ["to": .elementType(.float32)])],
                limits: [StepProgram.tokens: 1],
                arenaByteCount: 4096 + width * 4
            )
            let probe = OperationProbe(
                device: device,
                program: program,
                blockSize: 16,
                vocabularySize: 1,
                contextLength: 1
            )
            let check = probe.check(program.steps, rows: 1)
            report.wideProducts.append(check)
            // Only the width that programs have is a problem; the other is what Kongur goes out of the way of.
            if width < columns, !check.isGood { report.problems.append(Self.problem(check)) }
        }
    }

    /// Runs the operation of each reading by each of its choices, and takes back the one that was in use.
    private func checkReadings(_ models: [CompiledModel], _ device: KunlunDevice, _ report: inout CheckupReport) {
        for reading in device.readings where reading.choices.indices.contains(reading.chosen) && device.failure == nil {
            let probes = models.lazy.compactMap { model -> (OperationProbe, Int)? in
                let program = model.program
                guard let step = program.steps.firstIndex(where: { $0.operation == reading.operation }) else {
                    return nil
                }
                return (OperationProbe(device: device, model), step)
            }
            guard let (probe, step) = probes.first else { continue }
            var choices: [CheckupReport.Reading.Choice] = []
            for (position, choice) in reading.choices.enumerated() {
                guard device.take(choice, for: reading.name) else { continue }
                let rows = min(33, probe.contextLength)
                let check = probe.check(probe.stepsUp(to: step), rows: rows, sequences: min(3, rows))
                choices.append(
                    CheckupReport.Reading.Choice(choice: choice, isUsed: position == reading.chosen, check: check)
                )
            }
            _ = device.take(reading.choices[reading.chosen], for: reading.name)
            report.readings.append(CheckupReport.Reading(name: reading.name, choices: choices))
            Self.judge(reading.name, choices, &report)
        }
    }

    /// Says when another choice than the one in use is right, or right and faster.
    private static func judge(
        _ name: String,
        _ choices: [CheckupReport.Reading.Choice],
        _ report: inout CheckupReport
    ) {
        func holds(_ choice: CheckupReport.Reading.Choice) -> Bool {
            choice.check.isGood && choice.check.ranOn == "device"
        }
        guard let used = choices.first(where: \.isUsed) else { return }
        for other in choices where !other.isUsed && holds(other) {
            let setting = "KONGUR_KUNLUN_READINGS=\(name)=\(other.choice)"
            if !holds(used) {
                report.problems.append(
                    "\(name): the card does not do what '\(used.choice)' takes for granted, and does what '\(other.choice)' does: set \(setting)"
                )
            } else if let slow = used.check.seconds, let fast = other.check.seconds, fast < 0.9 * slow {
                report.hints.append(
                    "\(name): '\(other.choice)' is right too and takes \(Int((100 * fast / slow).rounded())) % of the time: set \(setting)"
                )
            }
        }
    }

    private static func problem(_ check: CheckupReport.Operation) -> String {
        let what = "'\(check.operation)' of (\(check.operands.joined(separator: ", "))) with \(check.rows) rows"
        if let failure = check.failure { return "\(what): \(failure)" }
        return "\(what) differs from the reference by \(check.error ?? .infinity), above \(check.tolerance)"
    }

    /// Sixteen tokens at temperature 0 behind a prompt of eight, on the device and on the reference.
    private func checkTokens(
        _ model: CompiledModel,
        _ weights: String,
        _ device: KunlunDevice,
        _ report: inout CheckupReport
    )
        throws(DeviceError)
    {
        let start = DeviceThread.now()
        let actual = try Self.greedy(model, on: device)
        let seconds = DeviceThread.now() - start
        let tokens = CheckupReport.Tokens(
            weights: weights,
            device: actual,
            reference: try Self.greedy(model, on: ReferenceDevice()),
            seconds: seconds
        )
        report.tokens.append(tokens)
        if !tokens.isEqual {
            report.problems.append("the model's tokens with \(weights) weights differ from the reference's")
        }
    }

    private static func greedy(_ model: CompiledModel, on device: any Device) throws(DeviceError) -> [Int] {
        let blockSize = model.cache.blockSize
        var tokens = (1...8).map { $0 * 7 % model.vocabularySize }
        let prompt = tokens.count
        let count = min(16, model.contextLength - prompt)
        guard count > 0 else { return [] }
        let blocks = (prompt + count + blockSize - 1) / blockSize
        let executable = try device.load(model.program, symbols: [StepProgram.cacheBlocks: blocks])
        var done = 0
        for _ in 0..<count {
            let inputs = SingleSequence(tokens, blockSize: blockSize, table: Array(0..<blocks)).inputs(
                done..<tokens.count
            )
            let logits = try executable.run(inputs)[0]
            done = tokens.count
            let row = logits.floats.suffix(model.vocabularySize)
            var (best, largest) = (0, -Float.infinity)
            for (token, value) in row.enumerated() where value > largest { (best, largest) = (token, value) }
            tokens.append(best)
        }
        return Array(tokens.dropFirst(prompt))
    }
}
