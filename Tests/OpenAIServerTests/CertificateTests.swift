import Foundation
import KongurTesting
import Testing

/// HTTPS: which versions of TLS are spoken, and with which certificate.
@Suite(.serialized) struct CertificateTests {
    static let canMakeThem = (try? KongurProgram().runProgram("/usr/bin/env", ["openssl", "version"]).status) == 0

    private func make(_ folder: TemporaryFolder, name: String) throws {
        let result = try KongurProgram().runProgram(
            "/usr/bin/env",
            [
                "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                "-days", "2", "-subj", "/CN=\(name)", "-keyout", "\(folder.path)/key.pem.new", "-out",
                "\(folder.path)/certificate.pem.new",
            ]
        )
        try #require(result.status == 0, "\(result.error)")
        for file in ["key.pem", "certificate.pem"] {
            let new = URL(fileURLWithPath: "\(folder.path)/\(file).new")
            _ = try? FileManager.default.removeItem(atPath: "\(folder.path)/\(file)")
            try FileManager.default.moveItem(at: new, to: URL(fileURLWithPath: "\(folder.path)/\(file)"))
        }
    }

    /// What `openssl s_client` says of the connection; nil when there is none.
    private func connect(_ port: Int, _ arguments: String...) async throws -> String? {
        try await blocking {
            let result = try KongurProgram().runProgram(
                "/bin/sh",
                [
                    "-c", "echo | openssl s_client -connect 127.0.0.1:\(port) -cipher ALL:@SECLEVEL=0 \"$@\" 2>&1",
                    "sh",
                ] + arguments
            )
            return result.status == 0 && !result.output.contains("Cipher is (NONE)") ? result.output : nil
        }
    }

    @Test(.enabled(if: canMakeThem, "needs openssl")) func onlyVersionsThatAreSound() async throws {
        let folder = try TemporaryFolder()
        try make(folder, name: "first")
        let server = try await RunningServer(
            "--tls-certificate",
            "\(folder.path)/certificate.pem",
            "--tls-key",
            "\(folder.path)/key.pem"
        )
        for version in ["-tls1", "-tls1_1"] { #expect(try await connect(server.port, version) == nil, "\(version)") }
        #expect(try await connect(server.port, "-tls1_2")?.contains("TLSv1.2") == true)
        #expect(try await connect(server.port, "-tls1_3")?.contains("TLSv1.3") == true)

        // A renewed certificate is shown without a restart, and a damaged one changes nothing.
        try make(folder, name: "second")
        let end = ContinuousClock.now + .seconds(20)
        while try await connect(server.port)?.contains("CN = second") != true, .now < end {
            try await Task.sleep(for: .milliseconds(200))
        }
        #expect(try await connect(server.port)?.contains("CN = second") == true)
        try folder.write(Array("no certificate".utf8), to: "certificate.pem")
        while !server.log.contains("certificate stays as it was"), .now < end {
            try await Task.sleep(for: .milliseconds(100))
        }
        #expect(try await connect(server.port)?.contains("CN = second") == true)
    }
}
