import { readFileSync, writeFileSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { fileURLToPath } from 'node:url'

/**
 * Runs the tests of evidence with checks that can be left out, one at a time: each `throw` is made to ask before it throws.
 * Every document that a test judges is kept, with the checks that spoke against it; in the end it is judged again without
 * one of them. Writes to the file that its argument names what came of each.
 */

const ROOT = new URL('../../../', import.meta.url)
const CHECKED: readonly string[] = [
  'src/verify/evidence/attestation.ts',
  'src/verify/evidence/bundle.ts',
  'src/verify/evidence/claims.ts',
  'src/verify/evidence/document.ts',
  'src/verify/evidence/leaf-profile.ts',
  'src/verify/evidence/log-entry.ts',
  'src/verify/evidence/statement.ts',
  'src/verify/evidence/time-stamp.ts',
  'src/protocol/attest/provenance.ts',
  'src/protocol/text/json.ts',
]
/** What a test calls from outside, where its arguments and its answer are kept. */
const ENTERED =
  /^export function (verifyDocument|assertLeafProfile|assertLogInForce|assertTokenIsWhole|parseJsonStrict)\(/gm
const TESTS: readonly string[] = [
  'test/verify/evidence/attestation.test.ts',
  'test/verify/evidence/bundle-verify.test.ts',
  'test/verify/evidence/claims.test.ts',
  'test/verify/evidence/leaf-profile.test.ts',
  'test/verify/evidence/log-entry.test.ts',
  'test/verify/evidence/statement.test.ts',
  'test/verify/evidence/time-stamp.test.ts',
  'test/protocol/attest/provenance.test.ts',
  'test/protocol/text/json.test.ts',
]

/** A check, by its place. */
interface Check {
  readonly place: string
  readonly text: string
  /** calls in which it threw */
  readonly calls: Set<Call>
}

interface Call {
  readonly call: (...words: unknown[]) => unknown
  readonly words: readonly unknown[]
  readonly answer: string
}

const checks: Check[] = []
let leftOut: number | undefined
let speaking = new Set<number>()
let depth = 0

Object.assign(globalThis, {
  /** Whether the check may speak. */
  speaks(index: number): boolean {
    speaking.add(index)
    return index !== leftOut
  },
  /** Keeps an outermost call, as it came out. */
  kept(call: Call['call'], words: readonly unknown[]): unknown {
    if (depth > 0) return call(...words)
    speaking = new Set()
    const copy = words.map(word => (word instanceof Uint8Array ? Buffer.from(word) : word))
    depth += 1
    try {
      return call(...words)
    } finally {
      depth -= 1
      const spoke = speaking
      const once: Call = { call, words: copy, answer: answerOf(call, copy) }
      for (const index of spoke) checks[index]?.calls.add(once)
    }
  },
})

/** What comes of a call, its own way of failing included; nothing that an earlier one left behind has a part in it. */
function answerOf(call: Call['call'], words: readonly unknown[]): string {
  depth += 1
  try {
    return JSON.stringify(call(...words.map(withoutMemory))) ?? 'nothing'
  } catch (error) {
    return `throws ${String(error)}`
  } finally {
    depth -= 1
  }
}

/** Trust roots remember leaves, which would speak for a document that was let through before. */
function withoutMemory(word: unknown): unknown {
  if (typeof word !== 'object' || word === null || !('sigstore' in word)) return word
  const forgetful = (trust: unknown): object => ({ ...Object(trust), leaves: new Map() })
  const custom = 'custom' in word && word.custom instanceof Map ? word.custom : new Map()
  return {
    sigstore: forgetful(word.sigstore),
    custom: new Map([...custom].map(([digest, trust]) => [digest, forgetful(trust)])),
  }
}

/** `throw` stands for a whole statement; a loop around it leaves an `else` to whom it belongs. */
function withAsking(path: string, source: string): string {
  const asking = source.replace(/^((?:.*[^\w'"`. \n])? *)throw (?!\*)/gm, (found, before: string, offset: number) => {
    if (/^\s*(?:\/\/|\*)/.test(before)) return found
    const line = source.slice(0, offset).split('\n').length
    const text = (source.split('\n')[line - 1] ?? '').trim()
    checks.push({ place: `${path}:${line}`, text, calls: new Set() })
    return `${before}while (speaks(${checks.length - 1})) throw `
  })
  return asking.replace(
    ENTERED,
    (_, name: string) =>
      `export function ${name}(...words) { return kept(${name}Itself, words) }\nfunction ${name}Itself(`,
  )
}

registerHooks({
  load(url, context, nextLoad) {
    const path = url.startsWith(ROOT.href) ? url.slice(ROOT.href.length) : ''
    if (!CHECKED.includes(path)) return nextLoad(url, context)
    const source = withAsking(path, readFileSync(fileURLToPath(url), 'utf8'))
    return { format: 'module-typescript', source, shortCircuit: true }
  },
})

process.on('exit', () => {
  const told = checks.map(({ place, text, calls }, index) => {
    leftOut = index
    const changed = [...calls].find(({ call, words, answer }) => answerOf(call, words) !== answer)
    leftOut = undefined
    return { place, text, calls: calls.size, matters: changed !== undefined }
  })
  writeFileSync(process.argv[2] ?? '', JSON.stringify(told))
})

for (const test of TESTS) await import(new URL(test, ROOT).href)
