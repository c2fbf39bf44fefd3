import KunlunBackend
import Testing

@Suite struct InstallationTests {
    @Test func whatIsNotThereIsNamedWithItsRemedy() {
        let installation = KunlunInstallation(environment: [
            "KONGUR_XPURT": "/nowhere/libxpurt.so", "KONGUR_XPUML": "/nowhere/libxpuml.so",
            "KONGUR_KUNLUN_OPS": "/nowhere/libkongur_kunlun_ops.so",
        ])
        #expect(installation.runtime.path == nil)
        #expect(installation.runtime.failures.count == 1)
        #expect(installation.whatIsMissing?.contains("KONGUR_XPURT") == true)
        #expect(throws: (any Error).self) { try KunlunDevice(0, installation) }
    }
}
