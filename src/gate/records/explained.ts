import { hash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import type { Clock } from '../../domain/base/instant.ts'
import type { Refused } from '../../domain/decide/verdict.ts'
import type { KeptRefusal, Refusals } from '../../ports/store.ts'

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz' // Crockford's base32, lower case: nothing to misread aloud
const LENGTH = 12

export interface Explained {
  /** Keeps a refusal and returns its id: the same refusal has the same id, after a restart too. */
  keep(refused: Refused): string
  get(id: string): Promise<KeptRefusal | undefined>
}

export function createExplained(refusals: Refusals, clock: Clock): Explained {
  /** what each was offered at last */
  const kept = new LRUCache<string, string>({ max: 20_000, ttl: 3_600_000 })
  return {
    keep(refused) {
      const id = refusalId(refused)
      const { admitWith } = refused
      // a page foresees refusals without a look at who signed, which decides what would admit the file
      if (!kept.has(id) || (admitWith !== undefined && kept.get(id) !== admitWith)) {
        refusals.put(id, refused, clock())
        kept.set(id, admitWith ?? '')
      }
      return id
    },
    get: async id => (/^[0-9a-z]{12}$/.test(id) ? await refusals.get(id) : undefined),
  }
}

/** 60 bits over what was refused and why. */
function refusalId(refused: Refused): string {
  const { file, code, rule, detail } = refused
  const told = JSON.stringify([file.project, file.filename, file.sha256, code, rule?.id, detail])
  const digest = hash('sha256', told, 'buffer')
  return Array.from(digest.subarray(0, LENGTH), byte => ALPHABET[byte & 31]).join('')
}
