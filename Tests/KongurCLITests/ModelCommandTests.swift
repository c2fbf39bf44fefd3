import Foundation
import KongurTesting
import Testing

/// The commands that run a model, on checkpoints that transformers wrote.
@Suite(.enabled(if: TinyCheckpoints.areAvailable)) struct ModelCommandTests {
    private let folder: TemporaryFolder
    private let kongur: KongurProgram

    init() throws {
        folder = try TemporaryFolder()
        kongur = KongurProgram(environment: ["KONGUR_CACHE": folder.path + "/cache"])
    }

    private func greedy(_ model: String) throws -> KongurProgram.Result {
        try kongur.run(
            "run",
            model,
            "--token-ids",
            "1,2,3",
            "--max-new-tokens",
            "24",
            "--temperature",
            "0",
            "--json"
        )
    }

    @Test(arguments: TinyCheckpoints.names) func checkpointGivesTransformersTokens(_ name: String) throws {
        let result = try greedy(TinyCheckpoints.directory(name))
        #expect(result.status == 0, "\(result.error)")
        #expect(try isPrefix(result.json["token_ids"], of: TinyCheckpoints.expected(name).generatedIds))
        #expect(
            Set(result.json.keys)
                == ["text", "reasoning", "answer", "token_ids", "finish_reason", "usage", "timings"]
        )
    }

    /// transformers goes on to the length that it was asked for only if no stop token comes; so do we.
    private func isPrefix(_ tokenIDs: Any?, of expected: [Int]) -> Bool {
        guard let tokenIDs = tokenIDs as? [Int], !tokenIDs.isEmpty else { return false }
        return expected.starts(with: tokenIDs)
    }

    @Test(arguments: ["qwen2-tied", "qwen3"]) func exportedAndCompiledGiveTheSameTokens(_ name: String) throws {
        let checkpoint = try TinyCheckpoints.directory(name)
        let expected = try greedy(checkpoint).json["token_ids"] as? [Int]
        let (onnx, compiled) = (folder.path + "/model.onnx", folder.path + "/model.kongur")
        #expect(try kongur.run("export", checkpoint, "-o", onnx).status == 0)
        #expect(try greedy(onnx).json["token_ids"] as? [Int] == expected)
        #expect(try kongur.run("compile", onnx, "-o", compiled).status == 0)
        #expect(try greedy(compiled).json["token_ids"] as? [Int] == expected)
        // The second load is from the cache, and the same.
        #expect(try greedy(checkpoint).json["token_ids"] as? [Int] == expected)
        #expect(expected?.isEmpty == false)
    }

    /// The bundled model in fewer bits: fewer bits cost more, in every layer and in what the model says.
    @Test func reportSaysWhatQuantizingCosts() throws {
        var errors: [Double] = []
        for form in ["bf16", "int8", "int4"] {
            let result = try kongur.run("compile", "--quantize", form, "--report", "--json")
            #expect(result.status == 0, "\(result.error)")
            let layers = try #require(result.json["layers"] as? [[String: Any]])
            #expect(layers.count == (form == "bf16" ? 0 : 29))
            let each = layers.compactMap { $0["error"] as? Double }
            #expect(each.count == layers.count && each.allSatisfy { $0 > 1e-4 && $0 < 0.3 })
            let predictions = try #require(result.json["predictions"] as? [String: Double])
            let divergence = try #require(predictions["kl_divergence"])
            #expect(try #require(predictions["tokens"]) > 500)
            #expect(try #require(predictions["agreement"]) > (form == "int4" ? 0.4 : 0.8))
            #expect(divergence > (errors.last ?? 0))
            errors.append(divergence)
        }
    }

    @Test func answerHasTheFormOfASchema() throws {
        let schema = folder.path + "/schema.json"
        try Data(#"{"type": "array", "items": {"enum": ["yes", "no"]}, "minItems": 2, "maxItems": 2}"#.utf8)
            .write(to: URL(fileURLWithPath: schema))
        let result = try kongur.run("run", "--json-schema", schema, "--temperature", "0", "--json", "What is 7 + 8?")
        #expect(result.status == 0, "\(result.error)")
        let answer = try #require(result.json["answer"] as? String)
        let words = try JSONDecoder().decode([String].self, from: Data(answer.utf8))
        #expect(words.count == 2 && words.allSatisfy { $0 == "yes" || $0 == "no" })
        try Data(#"{"items": {"not": {}}}"#.utf8).write(to: URL(fileURLWithPath: schema))
        let refused = try kongur.run("run", "--json-schema", schema, "What is 7 + 8?")
        #expect(refused.status == 2 && refused.error.contains("#/items: the keyword 'not'"))
        #expect(try kongur.run("run", "--json-schema", folder.path + "/none.json", "1").error.contains("none.json"))
    }

    @Test func calibratesOverATaskAndReportsOnIt() throws {
        let task = folder.path + "/task.jsonl"
        try Data(#"{"problem": "5 + 568 =", "answer": "573"}"#.utf8).write(to: URL(fileURLWithPath: task))
        let result = try kongur.run(
            "compile",
            "--quantize",
            "int8",
            "--calibrate",
            task,
            "--report",
            "--text",
            task
        )
        #expect(result.status == 0, "\(result.error)")
        #expect(result.output.contains("KL divergence"))
        for wrong in [
            ["--report"], ["--quantize", "int8", "--text", task], ["--quantize", "bf16", "--calibrate", task],
        ] {
            #expect(try kongur.run(["compile"] + wrong).status == 2)
        }
        let missing = try kongur.run("compile", "--quantize", "int8", "--report", "--text", folder.path + "/none.txt")
        #expect(missing.status == 2 && missing.error.contains("none.txt"))
    }

    /// The choice of the cache is part of what is compiled and kept, and a compiled model has made it.
    @Test(arguments: ["f32", "f16", "bf16", "int8"]) func cachesAreChosenAndRecorded(_ cache: String) throws {
        let checkpoint = try TinyCheckpoints.directory("qwen3")
        let compiled = folder.path + "/model.kongur"
        #expect(try kongur.run("compile", checkpoint, "--kv-cache", cache, "-o", compiled).status == 0)
        #expect(try kongur.run("inspect", compiled).output.contains("cache:    \(cache), "))
        let arguments = ["--token-ids", "1,2,3", "--max-new-tokens", "8", "--temperature", "0", "--json"]
        let tokens = try kongur.run(["run", compiled] + arguments).json["token_ids"] as? [Int]
        let chosen = try kongur.run(["run", checkpoint, "--kv-cache", cache] + arguments)
        #expect(tokens?.isEmpty == false && chosen.json["token_ids"] as? [Int] == tokens)
        // Another choice is another compiled model.
        #expect(try kongur.run(["run", checkpoint] + arguments).status == 0)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path + "/cache/compiled").count == 2)
        let again = try kongur.run(["run", compiled, "--kv-cache", cache] + arguments)
        #expect(again.status != 0 && again.error.contains("chosen when compiling"))
    }

    /// A matrix that cannot be quantised stays as it is, and nobody is left to think otherwise.
    @Test func whatFallsBackIsSaid() throws {
        let (checkpoint, compiled) = (folder.path + "/checkpoint", folder.path + "/model.kongur")
        try FileManager.default.copyItem(atPath: TinyCheckpoints.directory("qwen2-tied"), toPath: checkpoint)
        #expect(try kongur.run("compile", checkpoint, "--quantize", "int8", "-o", compiled).status == 0)
        let sound = try kongur.run("inspect", compiled).output
        #expect(sound.contains(" in int8\n") && !sound.contains("FALL BACK"))

        let file = URL(fileURLWithPath: checkpoint + "/model.safetensors").resolvingSymlinksInPath()
        var bytes = try Data(contentsOf: file)
        let headerCount = Int(bytes.prefix(8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) })
        let header = try JSONSerialization.jsonObject(with: bytes[8..<8 + headerCount]) as? [String: Any]
        let entry = try #require(header?["model.layers.1.mlp.down_proj.weight"] as? [String: Any])
        let offsets = try #require(entry["data_offsets"] as? [Int])
        for index in 8 + headerCount + offsets[0]..<8 + headerCount + offsets[0] + 4 { bytes[index] = 0xFF }
        try FileManager.default.removeItem(atPath: checkpoint + "/model.safetensors")
        try bytes.write(to: URL(fileURLWithPath: checkpoint + "/model.safetensors"))
        let result = try kongur.run("compile", checkpoint, "--quantize", "int8", "-o", compiled)
        #expect(result.status == 0)
        #expect(result.error.contains("model.layers.1.mlp.down_proj.weight' has numbers that are not finite"))
        #expect(try kongur.run("inspect", compiled).output.contains("1 FALL BACK to stored weights"))
    }

    @Test(arguments: ["reference", "cpu"]) func logitsAreThoseOfTransformers(_ device: String) throws {
        let name = "qwen2-untied"
        let ids = try TinyCheckpoints.expected(name).logitsPromptIds.map(String.init).joined(separator: ",")
        for (weights, tolerance) in [("f32", 1e-3), ("stored", 1e-2)] {
            let path = folder.path + "/\(device).\(weights).npy"
            let result = try kongur.run(
                "logits",
                try TinyCheckpoints.directory(name),
                "--token-ids",
                ids,
                "--device",
                device,
                "--weights",
                weights,
                "-o",
                path
            )
            #expect(result.status == 0, "\(result.error)")
            let logits = try TinyCheckpoints.floats(ofNumPyFile: URL(fileURLWithPath: path))
            #expect(try #require(try TinyCheckpoints.difference(of: logits, name)) < tolerance)
        }
    }

    @Test func evaluationGradesAndResumes() throws {
        let task = try folder.write(
            #"""
            {"problem": "one", "answer": "1", "family": "a"}
            {"problem": "two", "answer": "2", "family": "b"}

            """#.utf8,
            to: "task.jsonl"
        )
        let results = folder.path + "/results.jsonl"
        let model = try TinyCheckpoints.directory("qwen2-tied")
        for _ in 0..<2 {
            let result = try kongur.run(
                "eval",
                model,
                "--task",
                task,
                "--max-new-tokens",
                "4",
                "--temperature",
                "0",
                "--json",
                "--results",
                results
            )
            #expect(result.status == 0, "\(result.error)")
            #expect(result.json["total"] as? Int == 2)
            #expect(result.json["correct"] as? Int == 0)
            #expect((result.json["families"] as? [String: Any])?.count == 2)
        }
        // A heading and a line for each problem: the second run answered nothing again.
        let lines = try String(contentsOfFile: results, encoding: .utf8).split(separator: "\n")
        #expect(lines.count == 3)
    }

    @Test func wrongPromptsAreStatusTwo() throws {
        let model = try TinyCheckpoints.directory("qwen2-tied")
        let long = [Int](repeating: 1, count: 600).map(String.init).joined(separator: ",")
        for (arguments, reason) in [
            (["run", model, ""], "empty"), (["run", model, "--token-ids", long], "context"),
            (["run", model, "--token-ids", "1,700"], "700"),
            (["run", model, "a", "--temperature", "nan"], "temperature"),
        ] {
            let result = try kongur.run(arguments)
            #expect(result.status == 2)
            #expect(result.error.hasPrefix("kongur: error: ") && result.error.contains(reason), "\(result.error)")
        }
    }

    @Test func argumentsThatAreNotTextAreStatusTwo() throws {
        let result = try kongur.runShell("run \"$(printf 'a\\377b')\"")
        #expect(result.status == 2)
        #expect(result.error == "kongur: error: argument 2 is not UTF-8 text\n")
    }

    /// Random weights make guesses that are mostly wrong; the tokens must be those without guesses.
    @Test(arguments: ["stored", "bf16", "int8", "int4"])
    func guessingChangesNoToken(_ form: String) throws {
        let model = try TinyCheckpoints.directory("qwen3")
        let weights = form == "stored" ? [] : ["--quantize", form]
        for temperature in ["0", "0.1"] {
            func answer(_ speculate: String) throws -> (tokens: [Int], drafted: Int, accepted: Int) {
                let result = try kongur.run(
                    ["run", model, "--token-ids", "1,2,3,4,1,2", "--max-new-tokens", "200", "--ignore-eos", "--json"]
                        + ["--temperature", temperature, "--seed", "3", "--speculate", speculate] + weights
                )
                #expect(result.status == 0, "\(result.error)")
                let usage = result.json["usage"] as? [String: Any]
                return (
                    result.json["token_ids"] as? [Int] ?? [], try #require(usage?["draft_tokens"] as? Int),
                    try #require(usage?["accepted_tokens"] as? Int)
                )
            }
            let plain = try answer("off")
            #expect(plain.tokens.count == 200 && plain.drafted == 0 && plain.accepted == 0)
            for speculate in ["auto", "7", "100"] {
                let guessed = try answer(speculate)
                #expect(guessed.tokens == plain.tokens)
                #expect(guessed.accepted <= guessed.drafted)
                if speculate != "auto", temperature == "0" { #expect(guessed.drafted > 0) }
            }
        }
    }

    @Test func ignoringTheEndGoesToTheLength() throws {
        let result = try kongur.run(
            "run",
            TinyCheckpoints.directory("llama-linear"),
            "--token-ids",
            "1,2,3",
            "--max-new-tokens",
            "40",
            "--temperature",
            "0",
            "--ignore-eos",
            "--json"
        )
        #expect((result.json["token_ids"] as? [Int])?.count == 40)
        #expect(result.json["finish_reason"] as? String == "length")
    }
}
