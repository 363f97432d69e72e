import { hash } from 'node:crypto'
import { type Clock, type Millis, millis } from '../../domain/base/instant.ts'
import type { RefusalWords, Refused } from '../../domain/decide/verdict.ts'
import type { KeptRefusal, Refusals } from '../../ports/store.ts'

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz' // Crockford's base32, lower case: nothing to misread aloud
const LENGTH = 12

/** Refusals that are told later; of more, the oldest are told at once. */
const MOST_WAITING = 100_000
/** ms, so that the page is sent first */
const FIRST = 500
/** Telling those takes a quarter of the time at most, ms: so long, and again after so long. */
const SLICE = 3
const PAUSE = 9
/** ms, when they could not be kept */
const AGAIN = 1_000

/** A refusal that is known by its words, and told in full when somebody asks. */
interface Foreseen {
  readonly words: RefusalWords
  /** `undefined` where it is something else by then */
  readonly tell: () => Refused | undefined
}

export interface Explained {
  /** Keeps a refusal and returns its id: the same refusal has the same id, after a restart too. Throws unknown-store. */
  keep(refused: Refused): string
  /**
   * As `keep`, for one of thousands of a page: it is told in full at once when somebody asks for it, else beside, within seconds,
   * and at the end by `close`.
   */
  keepSoon(foreseen: Foreseen): string
  get(id: string): Promise<KeptRefusal | undefined>
  /** Another number whenever something went that may have been told since: what names ids in its words has to be made anew. */
  edition(): number
  close(): void
}

interface Options {
  readonly refusals: Refusals
  readonly clock: Clock
  /** how long `refusals` keeps what was put there */
  readonly keep: Millis
  /** what refuses, where there are several: each has refusals of its own */
  readonly index?: string | undefined
}

/** So long at most may pass between keeping a refusal and telling of it: what is told of stays for a good while yet. */
export function toldWithin(keep: Millis): Millis {
  return millis(keep / 4)
}

export function createExplained({ refusals, clock, keep, index }: Options): Explained {
  const kept = new Lately(Math.min(AN_HOUR, toldWithin(keep)))
  let edition = 0
  const waiting = new Map<string, Foreseen>()
  let timer: NodeJS.Timeout | undefined
  let closed = false
  refusals.watch(ids => {
    if (ids.filter(id => kept.delete(id)).length > 0) edition += 1
  })

  function put(id: string, told: Refused): void {
    const at = clock()
    const earlier = kept.get(id)?.letThrough
    const { policyDigest, watched } = told
    const refused = earlier === undefined || watched === true ? told : { ...told, letThrough: earlier }
    refusals.put(id, refused, at)
    kept.add(id, {
      print: printOf(refused.admitWith),
      policyDigest,
      watched,
      letThrough: earlier ?? (watched === true ? { at, policyDigest } : undefined),
    })
    waiting.delete(id)
  }

  /** Whether what is kept says the same: a page foresees refusals without a look at who signed, which decides what would admit the file. */
  function isKept(id: string, { admitWith, policyDigest, watched }: Refused): boolean {
    const known = kept.get(id)
    if (known === undefined || known.policyDigest !== policyDigest || known.watched !== watched) return false
    return admitWith === undefined || known.print === printOf(admitWith)
  }

  /** Goes on while `more`; throws unknown-store, and then nothing is lost. */
  function tellWaiting(more: () => boolean): void {
    for (const [id, foreseen] of waiting) {
      put(id, inFull(id, foreseen))
      if (!more()) return
    }
  }

  function schedule(ms: number): void {
    if (timer === undefined && !closed && waiting.size > 0) timer = setTimeout(run, ms).unref()
  }

  function run(): void {
    timer = undefined
    const end = performance.now() + SLICE
    try {
      tellWaiting(() => performance.now() < end)
      schedule(PAUSE)
    } catch {
      schedule(AGAIN) // the store says itself that it cannot write; until then they are told from here
    }
  }

  function ours<Words extends RefusalWords>(words: Words): Words {
    return index === undefined ? words : { ...words, index }
  }

  return {
    keep(told) {
      const refused = ours(told)
      const id = refusalId(refused)
      if (!isKept(id, refused)) put(id, refused)
      return id
    },
    keepSoon({ words, tell }) {
      const foreseen = {
        words: ours(words),
        tell() {
          const refused = tell()
          return refused && ours(refused)
        },
      }
      const id = refusalId(foreseen.words)
      if (kept.has(id) || waiting.has(id)) return id
      if (waiting.size >= MOST_WAITING) tellWaiting(() => waiting.size >= MOST_WAITING)
      waiting.set(id, foreseen)
      schedule(FIRST)
      return id
    },
    async get(id) {
      if (!/^[0-9a-z]{12}$/.test(id)) return undefined
      const foreseen = waiting.get(id)
      return foreseen === undefined ? await refusals.get(id) : { refused: inFull(id, foreseen), at: clock() }
    },
    edition: () => edition,
    close() {
      closed = true
      clearTimeout(timer)
      try {
        tellWaiting(() => true)
      } catch {
        // said by the store
      }
    },
  }
}

/** What is remembered of a refusal that was written down. */
interface KeptOf extends Pick<Refused, 'policyDigest' | 'watched' | 'letThrough'> {
  /** of what was offered */
  readonly print: string
}

/** Ids that were added within the last hour or two (or as long as given), of very many the latest, and what was told under each. */
class Lately {
  readonly #life: number
  #latest = new Map<string, KeptOf>()
  #before = new Map<string, KeptOf>()
  #began = performance.now()

  /** ms: what was added longer ago than twice that is in it no more */
  constructor(life: number) {
    this.#life = life
  }

  has(id: string): boolean {
    return this.get(id) !== undefined
  }

  get(id: string): KeptOf | undefined {
    this.#age()
    return this.#latest.get(id) ?? this.#before.get(id)
  }

  add(id: string, told: KeptOf): void {
    this.#age()
    if (this.#latest.size >= MOST_LATELY) this.#turn(this.#latest)
    this.#latest.set(id, told)
  }

  /** False where it was not there. */
  delete(id: string): boolean {
    const [latest, before] = [this.#latest.delete(id), this.#before.delete(id)]
    return latest || before
  }

  #age(): void {
    const age = performance.now() - this.#began
    if (age > this.#life) this.#turn(age > 2 * this.#life ? new Map() : this.#latest)
  }

  #turn(before: Map<string, KeptOf>): void {
    this.#before = before
    this.#latest = new Map()
    this.#began = performance.now()
  }
}

/** Enough to tell two texts apart. */
function printOf(text: string | undefined): string {
  return text === undefined ? '' : hash('sha256', text, 'base64').slice(0, 12)
}

const MOST_LATELY = 50_000
const AN_HOUR = 3_600_000

/** What the page said: in full, or in the words that it had where by now it would be something else. */
function inFull(id: string, { words, tell }: Foreseen): Refused {
  const refused = tell()
  if (refused !== undefined && refusalId(refused) === id) return refused
  const { code, file, rule, detail, policyDigest, index } = words
  return {
    kind: 'refused',
    code,
    file,
    rule,
    identity: undefined,
    detail,
    admitWith: undefined,
    policyDigest,
    ...(index === undefined ? {} : { index }),
    steps: [{ mark: 'fail', check: 'the policy', found: detail }],
    notes: [],
  }
}

/** 60 bits over what was refused and why. */
function refusalId({ file, code, rule, detail, index }: RefusalWords): string {
  const words = [file.project, file.filename, file.sha256, code, rule?.id, detail]
  const told = JSON.stringify(index === undefined ? words : [...words, index])
  const digest = hash('sha256', told, 'binary')
  let id = ''
  for (let at = 0; at < LENGTH; at += 1) id += ALPHABET[digest.charCodeAt(at) & 31]
  return id
}
