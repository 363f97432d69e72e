import { crc32, deflateRawSync, gzipSync } from 'node:zlib'

/** A member of an archive, in the order in which it is written. */
export interface Member {
  readonly name: string
  readonly bytes: Buffer
  /** a field in its entry of a ZIP archive's directory */
  readonly extra?: { readonly id: number; readonly data: Buffer }
}

/** 1980-01-01, the first date that ZIP can say: equal members make equal archives. */
const DOS_DATE = 0x21
const EXECUTABLE_TO_NOBODY = 0o100644 * 0x10000

/** A ZIP archive; members above 1 MiB are stored, the others deflated. */
export function zip(members: readonly Member[]): Buffer {
  const parts: Buffer[] = []
  const directory: Buffer[] = []
  let offset = 0
  for (const { name, bytes, extra } of members) {
    const stored = bytes.length > 1024 * 1024
    const content = stored ? bytes : deflateRawSync(bytes)
    const fields = Buffer.alloc(26)
    fields.writeUInt16LE(20, 0) // version needed
    fields.writeUInt16LE(0x800, 2) // names are UTF-8
    fields.writeUInt16LE(stored ? 0 : 8, 4)
    fields.writeUInt16LE(DOS_DATE, 8)
    fields.writeUInt32LE(crc32(bytes), 10)
    fields.writeUInt32LE(content.length, 14)
    fields.writeUInt32LE(bytes.length, 18)
    fields.writeUInt16LE(Buffer.byteLength(name), 22)
    const local = Buffer.concat([Buffer.from('PK\x03\x04'), fields, Buffer.from(name)])
    const field = extra === undefined ? Buffer.alloc(0) : fieldOf(extra)
    const listed = Buffer.from(fields)
    listed.writeUInt16LE(field.length, 24)
    const entry = Buffer.alloc(14)
    entry.writeUInt32LE(EXECUTABLE_TO_NOBODY, 6)
    entry.writeUInt32LE(offset, 10)
    directory.push(
      Buffer.concat([Buffer.from('PK\x01\x02'), Buffer.from([20, 3]), listed, entry, Buffer.from(name), field]),
    )
    parts.push(local, content)
    offset += local.length + content.length
  }
  const whole = Buffer.concat(directory)
  const end = Buffer.alloc(18)
  end.writeUInt16LE(members.length, 4)
  end.writeUInt16LE(members.length, 6)
  end.writeUInt32LE(whole.length, 8)
  end.writeUInt32LE(offset, 12)
  return Buffer.concat([...parts, whole, Buffer.from('PK\x05\x06'), end])
}

function fieldOf({ id, data }: NonNullable<Member['extra']>): Buffer {
  const head = Buffer.alloc(4)
  head.writeUInt16LE(id, 0)
  head.writeUInt16LE(data.length, 2)
  return Buffer.concat([head, data])
}

/** The archive with another compression method or other flags written down for the members of this name; their bytes stay. */
export function relabelled(
  archive: Buffer,
  name: string,
  { method, flags }: { readonly method?: number; readonly flags?: number },
): Buffer {
  const bytes = Buffer.from(archive)
  for (let at = bytes.indexOf(name); at !== -1; at = bytes.indexOf(name, at + 1))
    for (const { mark, before, flagsAt } of HEADERS) {
      if (at < before || !bytes.subarray(at - before, at - before + 4).equals(mark)) continue
      if (flags !== undefined) bytes.writeUInt16LE(flags, at - before + flagsAt)
      if (method !== undefined) bytes.writeUInt16LE(method, at - before + flagsAt + 2)
    }
  return bytes
}

/** Of a member's own header and of its entry in the directory: what they begin with, and where the name and the flags stand. */
const HEADERS = [
  { mark: Buffer.from('PK\x03\x04'), before: 30, flagsAt: 6 },
  { mark: Buffer.from('PK\x01\x02'), before: 46, flagsAt: 8 },
] as const

const BLOCK = 512

/** A gzipped POSIX tar archive of plain files; names of at most 100 bytes. */
export function tarGz(members: readonly Member[]): Buffer {
  const parts = members.flatMap(({ name, bytes }) => [
    tarHeader(name, bytes.length),
    bytes,
    Buffer.alloc((BLOCK - (bytes.length % BLOCK)) % BLOCK),
  ])
  return gzipSync(Buffer.concat([...parts, Buffer.alloc(2 * BLOCK)]))
}

function tarHeader(name: string, size: number): Buffer {
  if (Buffer.byteLength(name) > 100) throw new Error(`the name is too long for a plain tar header: ${name}`)
  const header = Buffer.alloc(BLOCK)
  const octal = (value: number, digits: number): string => `${value.toString(8).padStart(digits, '0')}\0`
  header.write(name, 0)
  header.write(octal(0o644, 7), 100)
  header.write(octal(0, 7), 108)
  header.write(octal(0, 7), 116)
  header.write(octal(size, 11), 124)
  header.write(octal(315_532_800, 11), 136)
  header.write(' '.repeat(8), 148)
  header.write('0', 156)
  header.write('ustar\x0000', 257, 'latin1')
  const sum = header.reduce((total, byte) => total + byte, 0)
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  return header
}
