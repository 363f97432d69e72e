/** Where the end of an archive without a comment begins, and what it says of the directory. */
function endOf(archive: Buffer) {
  const at = archive.length - 22
  return {
    at,
    count: archive.readUInt16LE(at + 10),
    size: archive.readUInt32LE(at + 12),
    start: archive.readUInt32LE(at + 16),
  }
}

function end({
  count,
  size,
  start,
}: {
  readonly count: number
  readonly size: number
  readonly start: number
}): Buffer {
  const bytes = Buffer.alloc(22)
  bytes.write('PK\x05\x06', 'latin1')
  bytes.writeUInt16LE(count, 8)
  bytes.writeUInt16LE(count, 10)
  bytes.writeUInt32LE(size, 12)
  bytes.writeUInt32LE(start, 16)
  return bytes
}

/** The directory of an archive with its entries further behind. */
function directoryOf(archive: Buffer, by: number): Buffer {
  const { at, start } = endOf(archive)
  const directory = Buffer.from(archive.subarray(start, at))
  for (let entry = 0; entry < directory.length; ) {
    directory.writeUInt32LE(directory.readUInt32LE(entry + 42) + by, entry + 42)
    entry += 46 + [28, 30, 32].reduce((sum, field) => sum + directory.readUInt16LE(entry + field), 0)
  }
  return directory
}

/** Both directories are of one size: which one is found depends on whether its offset or its end is believed. */
export function twoDirectories(one: Buffer, other: Buffer): Buffer {
  const [ours, theirs] = [endOf(one), endOf(other)]
  const start = ours.start + theirs.start
  const first = directoryOf(one, 0)
  // whoever believes the end moves every offset by what stands between
  const second = directoryOf(other, ours.start - first.length)
  const { count, size } = ours
  return Buffer.concat([
    one.subarray(0, ours.start),
    other.subarray(0, theirs.start),
    first,
    second,
    end({ count, size, start }),
  ])
}

export function withoutEnd(archive: Buffer): Buffer {
  return archive.subarray(0, endOf(archive).start)
}

/** What stands behind the entries of `before`, with offsets that count them. */
export function moved(archive: Buffer, before: Buffer): Buffer {
  const by = withoutEnd(before).length
  const { count, size, start } = endOf(archive)
  return Buffer.concat([withoutEnd(archive), directoryOf(archive, by), end({ count, size, start: start + by })])
}

export function commented(archive: Buffer, comment: Buffer): Buffer {
  const bytes = Buffer.concat([archive, comment])
  bytes.writeUInt16LE(comment.length, archive.length - 2)
  return bytes
}

/** With bytes behind the entries that belong to none. */
export function withHole(archive: Buffer): Buffer {
  const { count, size, start } = endOf(archive)
  const hole = Buffer.alloc(8)
  return Buffer.concat([
    withoutEnd(archive),
    hole,
    directoryOf(archive, 0),
    end({ count, size, start: start + hole.length }),
  ])
}

/** With something else in the header before its first entry. */
export function otherwise(archive: Buffer, change: (header: Buffer) => void): Buffer {
  const bytes = Buffer.from(archive)
  change(bytes)
  return bytes
}

/** With a Zip64 record; its end says the same once more, or what is to be changed of it. */
export function with64(
  archive: Buffer,
  { gap = 0, ...changes }: { readonly gap?: number; readonly start?: number } = {},
): Buffer {
  const { at, count, size, start } = endOf(archive)
  const record = Buffer.alloc(56)
  record.write('PK\x06\x06', 'latin1')
  record.writeBigUInt64LE(44n, 4)
  record.writeBigUInt64LE(BigInt(count), 24)
  record.writeBigUInt64LE(BigInt(count), 32)
  record.writeBigUInt64LE(BigInt(size), 40)
  record.writeBigUInt64LE(BigInt(start), 48)
  const locator = Buffer.alloc(20)
  locator.write('PK\x06\x07', 'latin1')
  locator.writeBigUInt64LE(BigInt(at), 8)
  locator.writeUInt32LE(1, 16)
  return Buffer.concat([
    archive.subarray(0, at),
    record,
    Buffer.alloc(gap),
    locator,
    end({ count, size, start, ...changes }),
  ])
}
