import { JsonError } from './json.ts'

/** What a document may hold; whatever holds more is refused as soon as that is read. */
export interface PieceLimits {
  /** nesting of arrays and objects */
  readonly depth: number
  /** members of one array or object */
  readonly members: number
  /** values in all */
  readonly values: number
  /** bytes of one element of any array */
  readonly element: number
}

/** The array whose elements are taken one by one: a member of the document's own object. */
interface TakenList {
  readonly name: string
  /** One element that is an array or an object, as text. */
  take(element: string): void
}

const QUOTE = 0x22
const COMMA = 0x2c
const BACKSLASH = 0x5c
const OPEN_ARRAY = 0x5b
const CLOSE_ARRAY = 0x5d
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d

/** Stands in the frame where an element was taken out: a value that nothing beside it can become a part of. */
const TAKEN = Uint8Array.from(Buffer.from(' 0 '))
const LONGEST_NAME = 64
const BLOCK = 64 * 1024

/**
 * Reads JSON as it comes, in bounds: elements of one list are handed out while the rest is still on its way, so that nobody
 * ever holds more than one of them, and what is left is the frame, with a `0` in the place of each. Syntax is left to whoever
 * parses: the document is JSON exactly when its frame and each of its elements are.
 */
export class JsonPieces {
  readonly #limits: PieceLimits
  readonly #list: TakenList | undefined
  readonly #frame = new ByteBlocks()
  /** of the element that is under way */
  readonly #pending = new ByteBlocks()
  readonly #decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  /** of the arrays and objects that are open: how many members, and for arrays where the present element began */
  readonly #members: number[] = [0]
  readonly #begins: number[] = [Number.NaN]
  /** bytes that went before this chunk */
  #before = 0
  #values = 0
  #inString = false
  #escaped = false
  #name = ''
  /** 2 while the list is open */
  #listDepth = 0
  #lists = 0

  constructor(limits: PieceLimits, list?: TakenList) {
    this.#limits = limits
    this.#list = list
  }

  /** Throws {@link JsonError}. */
  write(chunk: Uint8Array): void {
    /** where what is kept nowhere yet begins */
    let from = 0
    for (let at = 0; at < chunk.length; at += 1) {
      if (this.#inString) {
        at = this.#readString(chunk, at)
        continue
      }
      const byte = chunk[at] ?? 0
      switch (byte) {
        case QUOTE:
          this.#inString = true
          if (this.#depth === 1) this.#name = ''
          break
        case OPEN_ARRAY:
        case OPEN_OBJECT:
          if (this.#isInList) {
            this.#frame.add(chunk.subarray(from, at))
            this.#frame.add(TAKEN)
            from = at
          }
          this.#open(byte, at)
          break
        case CLOSE_ARRAY:
        case CLOSE_OBJECT:
          this.#close(at)
          if (!this.#isInList) break
          this.#pending.add(chunk.subarray(from, at + 1))
          this.#handOut()
          from = at + 1
          break
        case COMMA:
          this.#nextMember(at)
          break
        default:
      }
    }
    const rest = chunk.subarray(from)
    if (this.#isInElement) this.#pending.add(rest)
    else this.#frame.add(rest)
    if (this.#pending.size > this.#limits.element) throw this.#tooLong()
    this.#before += chunk.length
  }

  /** What is left when the elements are taken out, and how many they were. Throws {@link JsonError}. */
  end(): Uint8Array {
    if (this.#lists > 1) throw new JsonError(`${this.#list?.name} stands twice in it`)
    return this.#frame.join()
  }

  get #depth(): number {
    return this.#members.length - 1
  }

  get #isInList(): boolean {
    return this.#listDepth !== 0 && this.#members.length - 1 === this.#listDepth
  }

  get #isInElement(): boolean {
    return this.#listDepth !== 0 && this.#members.length - 1 > this.#listDepth
  }

  /** Where the string ends, or the chunk. */
  #readString(chunk: Uint8Array, start: number): number {
    // most of a page is inside strings: nothing is asked there but what a byte is
    const { length } = chunk
    let at = this.#escaped ? start + 1 : start
    this.#escaped = false
    for (; at < length; at += 1) {
      const byte = chunk[at]
      if (byte === BACKSLASH) at += 1
      else if (byte === QUOTE) break
    }
    if (at < length) this.#inString = false
    else this.#escaped = at > length
    if (this.#members.length === 2 && this.#name.length <= LONGEST_NAME)
      this.#name += String.fromCharCode(...chunk.subarray(start, Math.min(at, start + LONGEST_NAME + 1)))
    return at
  }

  #open(byte: number, at: number): void {
    const { depth, values } = this.#limits
    if (this.#list !== undefined && byte === OPEN_ARRAY && this.#depth === 1 && this.#isName(this.#list.name)) {
      this.#listDepth = 2
      this.#lists += 1
    }
    this.#members.push(0)
    this.#begins.push(byte === OPEN_ARRAY ? this.#before + at + 1 : Number.NaN)
    this.#values += 1
    if (this.#depth > depth) throw new JsonError(`nested deeper than ${depth}`)
    if (this.#values > values) throw new JsonError(`more than ${values} values`)
  }

  #close(at: number): void {
    if (this.#depth === 0) throw new JsonError('closes what it never opened')
    this.#endElement(at)
    this.#members.pop()
    this.#begins.pop()
    if (this.#depth < this.#listDepth) this.#listDepth = 0
  }

  #nextMember(at: number): void {
    this.#endElement(at)
    const place = this.#members.length - 1
    const count = (this.#members[place] ?? 0) + 1
    this.#members[place] = count
    if (!Number.isNaN(this.#begins[place])) this.#begins[place] = this.#before + at + 1
    this.#values += 1
    if (count >= this.#limits.members) throw new JsonError(`more than ${this.#limits.members} members in one list`)
    if (this.#values > this.#limits.values) throw new JsonError(`more than ${this.#limits.values} values`)
  }

  #endElement(at: number): void {
    const began = this.#begins[this.#begins.length - 1] ?? Number.NaN
    if (this.#before + at - began > this.#limits.element) throw this.#tooLong()
  }

  #tooLong(): JsonError {
    return new JsonError(`an entry of more than ${this.#limits.element} bytes`)
  }

  /** Whether the last string of the document's own object says so, however it is escaped. */
  #isName(name: string): boolean {
    if (!this.#name.includes('\\')) return this.#name === name
    try {
      return JSON.parse(`"${this.#name}"`) === name
    } catch {
      return false
    }
  }

  #handOut(): void {
    const element = this.#pending.join()
    this.#pending.clear()
    let text: string
    try {
      text = this.#decoder.decode(element)
    } catch {
      throw new JsonError('not UTF-8')
    }
    this.#list?.take(text)
  }
}

/** Bytes that are put one after the other; whatever they were a part of is not held on to. */
class ByteBlocks {
  #blocks: Uint8Array[] = []
  #last = new Uint8Array(0)
  #used = 0
  #size = 0

  get size(): number {
    return this.#size
  }

  add(bytes: Uint8Array): void {
    if (bytes.length === 0) return
    if (this.#used + bytes.length > this.#last.length) this.#begin(bytes.length)
    this.#last.set(bytes, this.#used)
    this.#used += bytes.length
    this.#size += bytes.length
  }

  join(): Uint8Array {
    if (this.#blocks.length === 0) return this.#last.subarray(0, this.#used)
    const all = new Uint8Array(this.#size)
    let at = 0
    for (const block of [...this.#blocks, this.#last.subarray(0, this.#used)]) {
      all.set(block, at)
      at += block.length
    }
    return all
  }

  /** The room of what was there is used again: what `join` gave out is read by then. */
  clear(): void {
    this.#blocks = []
    this.#used = 0
    this.#size = 0
  }

  #begin(least: number): void {
    if (this.#used > 0) this.#blocks.push(this.#last.subarray(0, this.#used))
    this.#last = new Uint8Array(Math.max(BLOCK, least))
    this.#used = 0
  }
}
