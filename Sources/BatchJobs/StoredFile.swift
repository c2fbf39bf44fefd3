/// A file that a client has sent, or that a batch has written.
package struct StoredFile: Sendable, Hashable {
    package var id: String
    /// Whoever may see it; opaque here.
    package var owner: String
    package var name: String
    /// OpenAI's word for what it is: `batch` or `batch_output`.
    package var purpose: String
    package var byteCount: Int
    /// Seconds since 1970, as all times here.
    package var created: Int
    /// When it is removed.
    package var expires: Int

    package init(
        id: String,
        owner: String,
        name: String,
        purpose: String,
        byteCount: Int,
        created: Int,
        expires: Int
    ) {
        self.id = id
        self.owner = owner
        self.name = name
        self.purpose = purpose
        self.byteCount = byteCount
        self.created = created
        self.expires = expires
    }
}
