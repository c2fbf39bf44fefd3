import KongurTesting
import Testing

/// OpenAI's client for Python, unchanged.
enum OfficialClient {
    static let isAvailable = PythonTools.have("openai")
    static let skipped: Comment = "needs openai in .venv at the root of the repository"

    /// Runs a program that has `openai`, and a `client` of the server; a program that fails throws.
    static func run(on server: RunningServer, _ program: String) async throws {
        let url = "http://127.0.0.1:\(server.port)/v1"
        let start = """
            from openai import BadRequestError, NotFoundError, OpenAI, pydantic_function_tool
            client = OpenAI(base_url="\(url)", api_key="none", max_retries=0)
            """
        let output = try await blocking { try PythonTools.run("\(start)\n\(program)\nprint('all of it')", [:]) }
        #expect(output == "all of it")
    }
}
