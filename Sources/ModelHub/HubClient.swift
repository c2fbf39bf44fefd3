/// Pulls models from a Hugging Face hub or a mirror of it.
package struct HubClient: Sendable {
    package let configuration: HubConfiguration

    package init(configuration: HubConfiguration) {
        self.configuration = configuration
    }

    /// The models that have been pulled.
    package var cache: HubCache { HubCache(folder: configuration.cacheFolder) }

    /// Pulls a model and returns the folder that holds it.
    ///
    /// Only the files of a checkpoint are pulled: configuration, tokenizer, templates and safetensors. Each is checked
    /// against the hub's hash before it gets its name. A download that fails or is cancelled leaves what has arrived,
    /// and the next one goes on from there. Files that are there already are not transferred again. `progress` is called
    /// from any thread, for each file at most ten times a second while bytes arrive, and at each change of phase.
    package func download(
        _ repository: RepositoryName,
        revision: String = "main",
        progress: @escaping @Sendable (DownloadProgress) -> Void = { _ in }
    ) async throws(HubError) -> String {
        let revision = try Revision(revision)
        guard !configuration.isOffline else { return try pulledBefore(repository, revision) }
        let transport = HubTransport(configuration)
        let result: Result<String, HubError>
        do throws(HubError) {
            result = .success(
                try await SnapshotDownload(
                    transport: transport,
                    cache: cache,
                    repository: repository,
                    revision: revision,
                    progress: progress
                ).run()
            )
        } catch {
            result = .failure(error)
        }
        await transport.shutDown()
        return try result.get()
    }

    private func pulledBefore(_ repository: RepositoryName, _ revision: Revision) throws(HubError) -> String {
        if let snapshot = cache.snapshot(of: repository, revision: revision.text) { return snapshot }
        throw HubError(
            .offline,
            "\(repository) at revision \(revision.text) is not whole in \(cache.folder), and HF_HUB_OFFLINE forbids the network: unset it and pull again"
        )
    }
}
