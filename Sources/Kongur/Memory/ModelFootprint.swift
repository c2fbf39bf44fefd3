package import DeviceRuntime
import XIR

/// What serving a compiled model takes in memory, and how its products read their weights.
package struct ModelFootprint: Sendable, Hashable, Encodable {
    /// Bytes of the weights, which are mapped from a file and shared by all that run the model.
    package let weightByteCount: Int
    /// Bytes of intermediate values, tables and scratch memory, for the largest step.
    package let workByteCount: Int
    /// Bytes of keys and values of one token.
    package let cacheByteCountPerToken: Int
    /// How many products and look-ups read weights in which form: `int8`, `int4`, `bf16` or `stored`.
    package let products: [String: Int]

    private enum CodingKeys: String, CodingKey {
        case weightByteCount = "weight_bytes"
        case workByteCount = "work_bytes"
        case cacheByteCountPerToken = "cache_bytes_per_token"
        case products
        case fallbacks
    }

    /// Throws what the device throws that cannot run the model.
    package init(_ model: CompiledModel, on device: any Device) throws {
        let before = device.statistics
        let executable = try device.load(model.program, symbols: [StepProgram.cacheBlocks: 1])
        (weightByteCount, workByteCount) = withExtendedLifetime(executable) {
            let loaded = device.statistics
            return (
                loaded.weightByteCount - before.weightByteCount, loaded.arenaByteCount - before.arenaByteCount
            )
        }
        cacheByteCountPerToken = model.cache.blockByteCount / model.cache.blockSize
        products = model.program.steps.reduce(into: [:]) { counts, step in
            switch step.operation {
            case "packed_linear", "packed_swiglu", "packed_embedding":
                guard case .string(let packing) = step.attributes["packing"] else { return }
                counts[packing, default: 0] += 1
            case "quantized_linear": counts["int8", default: 0] += 1
            // Only programs for Kunlun name the type of the result.
            case "linear" where step.attributes["to"] != nil, "embedding" where step.attributes["to"] != nil:
                counts["f16", default: 0] += 1
            case "linear", "embedding": counts["stored", default: 0] += 1
            default: break
            }
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(weightByteCount, forKey: .weightByteCount)
        try container.encode(workByteCount, forKey: .workByteCount)
        try container.encode(cacheByteCountPerToken, forKey: .cacheByteCountPerToken)
        try container.encode(products, forKey: .products)
        try container.encode(fallbacks, forKey: .fallbacks)
    }

    /// Products that were left with their stored weights although others are packed: slower than was asked for.
    package var fallbacks: Int { products.count > 1 ? products["stored"] ?? 0 : 0 }

    /// Bytes while the cache holds so many tokens.
    package func byteCount(tokens: Int) -> Int { weightByteCount + workByteCount + tokens * cacheByteCountPerToken }

    /// One line about the products for a person.
    package var productsLine: String {
        let forms = products.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { form, count in
            form == "stored" ? "\(count) with stored weights" : "\(count) in \(form)"
        }
        return forms.joined(separator: ", ") + (fallbacks > 0 ? ": \(fallbacks) FALL BACK to stored weights" : "")
    }
}
