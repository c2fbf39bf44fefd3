import InferenceEngine
package import Tensors
import Tokenizers
package import XIRCompiler

/// How a model is to be run.
public struct ModelOptions: Sendable, Hashable {
    /// How weights are kept in memory.
    public enum Weights: String, Sendable, Hashable, CaseIterable {
        /// As the checkpoint stores them.
        case stored
        /// As float32, which is slower and exact.
        case float32 = "f32"
        /// Matrices as float16.
        case float16 = "f16"
        /// As bfloat16, packed for the processor and multiplied in bfloat16 where it can.
        case bfloat16 = "bf16"
        /// In 8 bits, with a scale for every 128 inputs.
        case int8
        /// In 4 bits, with a scale for every 64 inputs.
        case int4
    }

    /// Whether tokens are guessed from what the prompt and the answer have said before, so that one step checks several.
    ///
    /// Answers do not depend on it, only speed.
    public enum Speculation: Sendable, Hashable {
        /// As many as raise the speed, by what is measured while answering.
        case automatic
        case off
        /// Up to so many in each step, whether that pays or not.
        case upTo(Int)
    }

    /// How keys and values are kept in memory.
    public enum KeyValueCache: String, Sendable, Hashable, CaseIterable {
        case float32 = "f32"
        case float16 = "f16"
        case bfloat16 = "bf16"
        /// In 8 bits, with a scale for each token and head: half the bytes of float16.
        case int8
    }

    /// One of `DeviceCatalog.names`, or a device to simulate: the name of a descriptor, such as `k20`, or the path of one.
    ///
    /// Several of them with commas between put the model on each: requests go to the one with the least to do, and when one
    /// fails the others take over its answers.
    public var device: String
    public var weights: Weights
    /// Nil takes float32 where that costs no more than 256 MiB for a whole context, and else float16.
    public var keyValueCache: KeyValueCache?
    /// Threads for the processor, shared where it is named several times; nil takes one per core.
    public var threads: Int?
    /// The most tokens of prompt and answer together; nil takes the model's own limit.
    public var contextLength: Int?
    /// Bytes for keys and values, of all devices together; nil takes enough for as many sequences of the whole context as are
    /// computed at once, but no more than `memoryByteCount` leaves, or where that is nil half of what the rest leaves.
    public var cacheByteCount: Int?
    /// The most bytes that the process may hold; nil takes what the machine and its control groups have left.
    ///
    /// Loading throws `KongurError.Code.outOfMemory` for a model that cannot answer in so much.
    public var memoryByteCount: Int?
    /// The most answers that are computed at once; nil takes the compiled model's limit.
    public var maxSequences: Int?
    public var speculation: Speculation
    /// Whether the CPU runs operations that a Kunlun operator library lacks; otherwise loading names them and fails.
    public var allowsFallback: Bool
    /// Whether all weights of a compiled model are compared with their hash before use, and not a part of them alone.
    public var verifiesWeights = false
    /// Variables of the chat template as a JSON object, such as `{"enable_thinking": false}`.
    public var chatTemplateVariables: String?
    /// Whether text of messages that spells a control token, such as `<|im_end|>`, writes one; it is text otherwise.
    public var allowsSpecialTokens: Bool
    /// Whether a simulated device keeps what it did and when.
    package var recordsTrace = false

    public init(
        device: String = "cpu",
        weights: Weights = .stored,
        keyValueCache: KeyValueCache? = nil,
        threads: Int? = nil,
        contextLength: Int? = nil,
        cacheByteCount: Int? = nil,
        memoryByteCount: Int? = nil,
        maxSequences: Int? = nil,
        speculation: Speculation = .automatic,
        allowsFallback: Bool = true,
        chatTemplateVariables: String? = nil,
        allowsSpecialTokens: Bool = false
    ) {
        self.device = device
        self.weights = weights
        self.keyValueCache = keyValueCache
        self.threads = threads
        self.contextLength = contextLength
        self.cacheByteCount = cacheByteCount
        self.memoryByteCount = memoryByteCount
        self.maxSequences = maxSequences
        self.speculation = speculation
        self.allowsFallback = allowsFallback
        self.chatTemplateVariables = chatTemplateVariables
        self.allowsSpecialTokens = allowsSpecialTokens
    }
}

extension ModelOptions.Weights {
    /// What the compiler calls it.
    package var form: WeightForm {
        switch self {
        case .stored: .stored
        case .float32: .float32
        case .float16: .float16
        case .bfloat16: .bfloat16
        case .int8: .int8
        case .int4: .int4
        }
    }
}

extension ModelOptions.Speculation {
    /// What the engine calls it.
    var choice: InferenceEngine.Speculation {
        switch self {
        case .automatic: .automatic
        case .off: .off
        case .upTo(let count): .upTo(count)
        }
    }
}

extension ModelOptions.KeyValueCache {
    /// What the compiler calls it.
    package var elementType: ElementType {
        switch self {
        case .float32: .float32
        case .float16: .float16
        case .bfloat16: .bfloat16
        case .int8: .int8
        }
    }

    /// The choice that gave a compiled model its cache.
    package init?(_ elementType: ElementType) {
        guard let choice = Self.allCases.first(where: { $0.elementType == elementType }) else { return nil }
        self = choice
    }
}

extension ModelOptions {
    /// Throws `.invalidInput` for what is not a JSON object, or sets what a request sets.
    var templateVariables: JSONObject {
        get throws {
            guard let chatTemplateVariables else { return JSONObject() }
            guard let variables = (try? JSONValue(parsing: chatTemplateVariables))?.object else {
                throw KongurError(.invalidInput, "the variables of the chat template must be a JSON object")
            }
            if let name = variables.keys.first(where: ChatTemplate.reservedVariables.contains) {
                throw KongurError(.invalidInput, "'\(name)' cannot be a variable of the chat template: requests set it")
            }
            return variables
        }
    }
}
