/// What one replica on one device does, takes and costs; times in seconds, money in US dollars, names as in the JSON.
package struct DevicePlan: Sendable, Encodable {
    package var device: String
    package var title: String
    /// What must be known before the numbers are believed.
    package var note: String
    package var model: String
    package var quantize: String
    package var workload: WorkloadSummary
    /// False when weights, values and one request of the longest kind are more than there is; most else is then absent.
    package var fits: Bool
    /// What serving one request of the workload's longest kind takes.
    package var memoryBytes: Int
    package var memory: Memory
    /// One request alone, of 512 tokens of prompt: to its first token, for each one after it, and for 512 in all.
    package var timeToFirstToken: Double
    package var timePerOutputToken: Double
    package var answerOf512Tokens: Double
    /// One request alone, of the workload's mean lengths.
    package var answerOfMeanTokens: Double
    /// Kernels that begin for one token, and without the compiler's fusions.
    package var launchesPerToken: Int
    package var launchesPerTokenUnfused: Int
    /// The same token without fusions.
    package var timePerOutputTokenUnfused: Double
    /// With requests always waiting.
    package var saturatedTokensPerSecond: Double?
    /// The most requests a second within the targets; nil when not even one request alone keeps them.
    package var largestArrivalRate: Double?
    /// What was simulated: the arrival rate that was asked for, or the largest one.
    package var load: Load?
    /// Under that load.
    package var tokensPerSecond: Double?
    package var pricePerHour: Double?
    package var priceSource: String
    package var costPerMillionTokens: Double?
    package var costPerAnswer: Double?
    package var costPerSolvedProblem: Double?
    package var users: UsersPlan?
    package var curve: [Load] = []
    /// Numbers of the descriptor that nobody has measured and no maker has published.
    package var unverified: [String]

    package struct WorkloadSummary: Sendable, Encodable {
        package var name: String
        package var source: String
        package var meanPromptTokens: Double
        package var meanAnswerTokens: Double
        package var longestPromptTokens: Int
        package var longestAnswerTokens: Int

        enum CodingKeys: String, CodingKey {
            case name, source
            case meanPromptTokens = "mean_prompt_tokens"
            case meanAnswerTokens = "mean_answer_tokens"
            case longestPromptTokens = "longest_prompt_tokens"
            case longestAnswerTokens = "longest_answer_tokens"
        }
    }

    package struct Memory: Sendable, Encodable {
        package var deviceBytes: Int
        package var weightBytes: Int
        /// Values between kernels.
        package var workBytes: Int
        package var cacheBytesPerToken: Int
        /// The cache of one request of the longest kind.
        package var cacheBytesOfLongest: Int
        /// What is left for the cache, and how many tokens that holds.
        package var cacheBytes: Int
        package var cacheTokens: Int

        enum CodingKeys: String, CodingKey {
            case deviceBytes = "device_bytes"
            case weightBytes = "weight_bytes"
            case workBytes = "work_bytes"
            case cacheBytesPerToken = "kv_bytes_per_token"
            case cacheBytesOfLongest = "kv_bytes_of_longest_answer"
            case cacheBytes = "kv_bytes_available"
            case cacheTokens = "kv_tokens_available"
        }
    }

    /// A simulated load; percentiles are of the measured requests.
    package struct Load: Sendable, Encodable {
        package var arrivalRate: Double
        /// Measured requests, and the seconds in which they came.
        package var requests: Int
        package var seconds: Double
        package var timeToFirst: [String: Percentile]
        package var timePerToken: [String: Percentile]
        package var answer: [String: Percentile]
        /// Between any two tokens of a request.
        package var gaps: [String: Double]
        package var tokensPerSecond: Double
        package var meanConcurrency: Double
        package var peakConcurrency: Int
        package var cacheOccupancy: Double
        package var peakCacheOccupancy: Double
        package var preemptions: Int
        package var utilisation: Double
        package var meetsTargets: Bool

        enum CodingKeys: String, CodingKey {
            case requests, seconds, preemptions, utilisation
            case arrivalRate = "arrival_rate"
            case timeToFirst = "time_to_first_token_s"
            case timePerToken = "time_per_output_token_s"
            case answer = "answer_s"
            case gaps = "inter_token_s"
            case tokensPerSecond = "tokens_per_s"
            case meanConcurrency = "mean_concurrency"
            case peakConcurrency = "peak_concurrency"
            case cacheOccupancy = "kv_occupancy"
            case peakCacheOccupancy = "peak_kv_occupancy"
            case meetsTargets = "meets_targets"
        }
    }

    /// A day of traffic, and how many replicas it takes.
    package struct UsersPlan: Sendable, Encodable {
        package var users: Int
        package var requestsPerUser: Double
        package var requestsPerDay: Double
        package var peakArrivalRate: Double
        package var replicas: Int
        package var costPerDay: Double?
        package var costPerMillionTokens: Double?
        /// One replica with its share, hour by hour; an hour without requests is left out.
        package var hours: [Hour]
        /// Of all requests of the day, in 95 % of them less.
        package var timeToFirst95: Double
        package var timePerToken95: Double
        package var meanUtilisation: Double

        package struct Hour: Sendable, Encodable {
            package var hour: Int
            package var load: Load
        }

        enum CodingKeys: String, CodingKey {
            case users, replicas, hours
            case requestsPerUser = "requests_per_user"
            case requestsPerDay = "requests_per_day"
            case peakArrivalRate = "peak_arrival_rate"
            case costPerDay = "cost_per_day"
            case costPerMillionTokens = "cost_per_million_tokens"
            case timeToFirst95 = "time_to_first_token_p95_s"
            case timePerToken95 = "time_per_output_token_p95_s"
            case meanUtilisation = "mean_utilisation"
        }
    }

    enum CodingKeys: String, CodingKey {
        case device, title, note, model, quantize, workload, fits, memory, load, users, curve, unverified
        case memoryBytes = "memory_bytes"
        case timeToFirstToken = "time_to_first_token_s"
        case timePerOutputToken = "time_per_output_token_s"
        case answerOf512Tokens = "answer_of_512_tokens_s"
        case answerOfMeanTokens = "answer_of_mean_tokens_s"
        case launchesPerToken = "launches_per_token"
        case launchesPerTokenUnfused = "launches_per_token_unfused"
        case timePerOutputTokenUnfused = "time_per_output_token_unfused_s"
        case saturatedTokensPerSecond = "saturated_tokens_per_s"
        case largestArrivalRate = "largest_arrival_rate"
        case tokensPerSecond = "tokens_per_s"
        case pricePerHour = "price_per_hour"
        case priceSource = "price_source"
        case costPerMillionTokens = "cost_per_million_tokens"
        case costPerAnswer = "cost_per_answer"
        case costPerSolvedProblem = "cost_per_solved_problem"
    }
}
