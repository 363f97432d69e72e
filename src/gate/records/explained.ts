import { hash } from 'node:crypto'
import type { Clock } from '../../domain/base/instant.ts'
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
  close(): void
}

export function createExplained(refusals: Refusals, clock: Clock): Explained {
  const kept = new Lately()
  const waiting = new Map<string, Foreseen>()
  let timer: NodeJS.Timeout | undefined
  let closed = false

  function put(id: string, refused: Refused): void {
    refusals.put(id, refused, clock())
    kept.add(id, printOf(refused.admitWith))
    waiting.delete(id)
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

  return {
    keep(refused) {
      const id = refusalId(refused)
      const { admitWith } = refused
      // a page foresees refusals without a look at who signed, which decides what would admit the file
      if (!kept.has(id) || (admitWith !== undefined && kept.get(id) !== printOf(admitWith))) put(id, refused)
      return id
    },
    keepSoon(foreseen) {
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

/** Ids that were added within the last hour or two, of very many the latest, and a print of what each was offered. */
class Lately {
  #latest = new Map<string, string>()
  #before = new Map<string, string>()
  #began = performance.now()

  has(id: string): boolean {
    return this.get(id) !== undefined
  }

  get(id: string): string | undefined {
    return this.#latest.get(id) ?? this.#before.get(id)
  }

  add(id: string, print: string): void {
    const now = performance.now()
    if (this.#latest.size >= MOST_LATELY || now - this.#began > AN_HOUR) {
      this.#before = now - this.#began > 2 * AN_HOUR ? new Map() : this.#latest
      this.#latest = new Map()
      this.#began = now
    }
    this.#latest.set(id, print)
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
  const { code, file, rule, detail, policyDigest } = words
  return {
    kind: 'refused',
    code,
    file,
    rule,
    identity: undefined,
    detail,
    admitWith: undefined,
    policyDigest,
    steps: [{ mark: 'fail', check: 'the policy', found: detail }],
    notes: [],
  }
}

/** 60 bits over what was refused and why. */
function refusalId({ file, code, rule, detail }: RefusalWords): string {
  const told = JSON.stringify([file.project, file.filename, file.sha256, code, rule?.id, detail])
  const digest = hash('sha256', told, 'binary')
  let id = ''
  for (let at = 0; at < LENGTH; at += 1) id += ALPHABET[digest.charCodeAt(at) & 31]
  return id
}
