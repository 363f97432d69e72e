import { wrongLock } from '../lock.ts'

type Decode = (bytes: Uint8Array) => string | undefined

const UTF_8 = decoder('utf-8')

/** UTF-32 before UTF-16: the mark of the one begins with the mark of the other. */
const MARKS: readonly (readonly [mark: readonly number[], decode: Decode])[] = [
  [[0xef, 0xbb, 0xbf], UTF_8],
  [[0xff, 0xfe, 0x00, 0x00], bytes => utf32(bytes, 'little')],
  [[0x00, 0x00, 0xfe, 0xff], bytes => utf32(bytes, 'big')],
  [[0xff, 0xfe], decoder('utf-16le')],
  [[0xfe, 0xff], decoder('utf-16be')],
]

/** By the names that Python knows them under, in its own normal form. */
const NAMED: Readonly<Record<string, Decode>> = {
  ...named(UTF_8, 'utf_8 utf8 u8 utf utf8_ucs2 utf8_ucs4 cp65001 utf_8_sig'),
  ...named(ascii, 'ascii us_ascii 646 ansi_x3.4_1968 ansi_x3_4_1968 iso646_us'),
  ...named(latin1, 'latin_1 latin1 latin l1 iso_8859_1 iso8859_1 iso8859 8859 cp819'),
}

/**
 * A requirements file as pip decodes it: by its byte order mark, else by what a comment in its first two lines declares
 * (PEP 263), else as UTF-8. Throws `usage` for bytes that are none of it, and for encodings that are not read here.
 */
export function decodeRequirements(bytes: Uint8Array, path: string): string {
  const marked = MARKS.find(([mark]) => mark.every((byte, index) => bytes[index] === byte))
  if (marked !== undefined) return decoded(bytes.subarray(marked[0].length), marked[1], path)
  const name = declaredIn(bytes)
  if (name === undefined) return decoded(bytes, UTF_8, path)
  const decode = NAMED[name.toLowerCase().replace(/[^a-z0-9.]+/g, '_')]
  if (decode === undefined)
    throw wrongLock(path, 1, `its encoding ${JSON.stringify(name)} is not read here: write it in UTF-8`)
  return decoded(bytes, decode, path)
}

function decoded(bytes: Uint8Array, decode: Decode, path: string): string {
  const text = decode(bytes)
  if (text === undefined)
    throw wrongLock(path, 1, 'its bytes are not text in UTF-8, nor in the encoding that it declares')
  return text
}

function declaredIn(bytes: Uint8Array): string | undefined {
  const [first = '', second = ''] = Buffer.from(bytes).toString('latin1').split('\n', 2)
  const comment = [first, second].find(line => line.startsWith('#') && DECLARED.test(line)) ?? ''
  return DECLARED.exec(comment)?.[1]
}

const DECLARED = /coding[:=][ \t\r\v\f]*([-\w.]+)/

function decoder(encoding: string): Decode {
  const strict = new TextDecoder(encoding, { fatal: true, ignoreBOM: true })
  return bytes => {
    try {
      return strict.decode(bytes)
    } catch {
      return undefined
    }
  }
}

function named(decode: Decode, names: string): Readonly<Record<string, Decode>> {
  return Object.fromEntries(names.split(' ').map(name => [name, decode]))
}

function ascii(bytes: Uint8Array): string | undefined {
  return bytes.every(byte => byte < 0x80) ? latin1(bytes) : undefined
}

/** ISO-8859-1 itself, where 0x85 ends a line; what browsers call latin1 is another encoding. */
function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1')
}

function utf32(bytes: Uint8Array, order: 'little' | 'big'): string | undefined {
  if (bytes.length % 4 !== 0) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let text = ''
  for (let at = 0; at < bytes.length; at += 4) {
    const point = view.getUint32(at, order === 'little')
    if (point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) return undefined
    text += String.fromCodePoint(point)
  }
  return text
}
