import { createHash } from 'node:crypto'
import { type Sha256, sha256Of } from '../../../src/domain/base/digest.ts'
import { instant, millis } from '../../../src/domain/base/instant.ts'
import { openStore } from '../../../src/store/open.ts'
import { PKG } from '../../store/facts.ts'
import { INDEX } from '../../store/stores.ts'
import { attested } from '../../world/judging/judging.ts'

/**
 * A process that stores files and writes the journal until it is killed. It says what it has promised: `stored <seed>`
 * once a file is committed, `noted <number>` once a verdict and a finding are flushed and a document with them, `failed <what>` when one was not.
 */

/** A file of the seed: from some bytes to some megabytes. */
export function contentOf(seed: string): Buffer {
  const digest = createHash('sha256').update(seed).digest()
  const size = [10, 5_000, 300_000, 2_500_000][(digest[0] ?? 0) % 4] ?? 0
  return Buffer.alloc(size + (digest[1] ?? 0), digest)
}

/** A document of the seed. */
export function documentOf(seed: string): Buffer {
  return Buffer.from(JSON.stringify({ seed, text: seed.repeat(1_000) }))
}

export function verdictOf(seed: string): {
  readonly filename: string
  readonly sha256: Sha256
  readonly trustDigest: string
} {
  return { filename: `pkg-${seed}.tar.gz`, sha256: sha256Of(contentOf(seed)), trustDigest: sha256Of('root') }
}

async function run(folder: string, mode: string): Promise<void> {
  const clock = () => instant(Date.now())
  const { store, blobs } = await openStore({
    folder,
    cacheBytes: 1e9,
    journal: { keep: millis(86_400_000), maxSize: 1e12 },
    events: { emit: () => {} },
    clock,
  })
  const memory = await store.memory(INDEX)
  say('open')
  if (mode === 'wait') return void setInterval(() => {}, 1_000)
  const [round = '', count = ''] = mode.split(':')
  for (let number = 0; number < Number(count); number += 1) {
    const seed = `${round}.${number}`
    try {
      const bytes = contentOf(seed)
      const writer = await blobs.writer(sha256Of(bytes))
      for (let at = 0; at < bytes.length; at += 65_536) await writer.write(bytes.subarray(at, at + 65_536))
      await writer.commit()
      say(`stored ${seed}`)
    } catch {
      say(`failed store ${seed}`)
    }
    try {
      const document = documentOf(seed)
      const writer = await blobs.documentWriter(sha256Of(document))
      await writer.write(document)
      await writer.commit()
      const verdict = verdictOf(seed)
      await memory.learn(PKG, { findings: [{ key: verdict, finding: attested(), found: clock() }] })
      store.journal.record({
        ...verdict,
        at: clock(),
        project: 'pkg',
        outcome: 'admitted',
        code: 'attestation',
        rule: undefined,
        identity: undefined,
        policyDigest: sha256Of('policy'),
        client: '192.0.2.1',
      })
      await store.journal.flush()
      say(`noted ${seed}`)
    } catch {
      say(`failed note ${seed}`)
    }
  }
  await blobs.close()
  await store.close()
  say('closed')
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}

const [, script = '', folder, mode] = process.argv
if (script.endsWith('/crash/child.ts') && folder !== undefined && mode !== undefined) await run(folder, mode)
