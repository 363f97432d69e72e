import { crc32, deflateRawSync } from 'node:zlib'

/** bytes by path */
export type Files = ReadonlyMap<string, Buffer>

/** 1980-01-01 00:00, the first moment that the form knows: when something was packed says nothing of it. */
const DATE = 0x0021
const VERSION = 20
const UTF_8 = 0x0800
const DEFLATED = 8
/** a regular file that everybody may read */
const MODE = (0o100644 << 16) >>> 0
const MADE_ON_UNIX = 3 << 8

/** A ZIP archive (APPNOTE 6.3.10) of files below 4 GiB, in their order. The same files make the same bytes. */
export function zipOf(files: Files): Buffer {
  const [bodies, directory]: [Buffer[], Buffer[]] = [[], []]
  let offset = 0
  for (const [path, bytes] of files) {
    const name = Buffer.from(path)
    const packed = deflateRawSync(bytes, { level: 9 })
    const common = Buffer.alloc(26)
    common.writeUInt16LE(VERSION, 0)
    common.writeUInt16LE(UTF_8, 2)
    common.writeUInt16LE(DEFLATED, 4)
    common.writeUInt16LE(DATE, 8)
    common.writeUInt32LE(crc32(bytes), 10)
    common.writeUInt32LE(packed.length, 14)
    common.writeUInt32LE(bytes.length, 18)
    common.writeUInt16LE(name.length, 22)
    bodies.push(Buffer.from('PK\x03\x04'), common, name, packed)
    const tail = Buffer.alloc(14)
    tail.writeUInt32LE(MODE, 6)
    tail.writeUInt32LE(offset, 10)
    const made = Buffer.alloc(2)
    made.writeUInt16LE(MADE_ON_UNIX | VERSION)
    directory.push(Buffer.from('PK\x01\x02'), made, common, tail, name)
    offset += 30 + name.length + packed.length
  }
  const listed = Buffer.concat(directory)
  const end = Buffer.alloc(18)
  end.writeUInt16LE(files.size, 4)
  end.writeUInt16LE(files.size, 6)
  end.writeUInt32LE(listed.length, 8)
  end.writeUInt32LE(offset, 12)
  return Buffer.concat([...bodies, listed, Buffer.from('PK\x05\x06'), end])
}
