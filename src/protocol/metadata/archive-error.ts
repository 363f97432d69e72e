/** A wheel that cannot be read as one: it contradicts itself, or holds no METADATA of its own. */
export class ArchiveError extends Error {
  override readonly name: string = 'ArchiveError'
}

/** A wheel in a form that is not read here, which says nothing against it. */
export class UnreadableArchive extends ArchiveError {
  override readonly name = 'UnreadableArchive'
}
