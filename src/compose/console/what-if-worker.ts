import { parentPort, workerData } from 'node:worker_threads'
import type { Config } from '../../config/schema.ts'
import { indexesOf, namedSources, oneOfSeveral } from '../../config/sources.ts'
import { cut } from '../../domain/base/cut.ts'
import { GateError } from '../../domain/base/errors.ts'
import { loadAgain, loadInstead } from '../../gate/policy/other-policy.ts'
import { type BroughtFound, lookAtBrought } from '../../gate/records/brought-policy.ts'
import { type WhatIf, whatIf } from '../../gate/records/what-if.ts'
import type { Records } from '../../ports/records.ts'
import { loadLaid } from '../../protocol/policy/approval-layer.ts'
import { recordsOf } from '../commands.ts'
import { recordedIndex } from '../indexes.ts'
import { loadBrought } from './load-brought.ts'
import type { BroughtOrder, ThreadAnswer, WhatIfOrder } from './try-policy.ts'

/** One question, and the thread ends. */
async function answer(order: WhatIfOrder | BroughtOrder): Promise<WhatIf | BroughtFound> {
  return 'look' in order ? await lookAt(order) : await tryIt(order)
}

async function lookAt({ config, index, look, brought, texts, approved, now }: BroughtOrder): Promise<BroughtFound> {
  const sources = namedSources(config)
  const after = loadLaid(look.kind === 'check' ? [] : approved, beside =>
    loadBrought(brought, { now, sources }, beside),
  )
  return await lookAtBrought(look, after, {
    before: () => loadLaid(approved, beside => loadAgain(texts, now, beside)),
    ask: async use => await withRecords(config, index, use),
    index: oneOfSeveral(config, index),
    now,
  })
}

async function tryIt({ config, index, texts, approved, files, pins, now }: WhatIfOrder): Promise<WhatIf> {
  const after = loadLaid(approved, beside => loadInstead(texts, files, pins, now, beside))
  if (!('policy' in after)) return { diagnostics: after.diagnostics }
  const before = loadLaid(approved, beside => loadAgain(texts, now, beside))
  return await withRecords(
    config,
    index,
    async records => await whatIf(records, { before, after, index: oneOfSeveral(config, index), now }),
  )
}

async function withRecords<Answer>(
  config: Config,
  index: string,
  use: (records: Records) => Promise<Answer>,
): Promise<Answer> {
  const settings = indexesOf(config).find(({ name }) => name === index)
  const records = settings && (await recordsOf(config, recordedIndex(config, settings)))
  if (records === undefined) throw new GateError('unknown-store', 'nothing was written down yet')
  try {
    return await use(records)
  } finally {
    await records.close()
  }
}

/** of diagnostics, which may be many, and long, for little text */
const MOST = 200
/** characters of each */
const LONGEST = 500

function bounded<Found extends WhatIf | BroughtFound>(found: Found): Found {
  if (!('diagnostics' in found)) return found
  const { diagnostics } = found
  const some = diagnostics
    .slice(0, MOST)
    .map(one => ({ ...one, message: cut(one.message, LONGEST), path: cut(one.path, LONGEST) }))
  const [last] = some.slice(-1)
  const more = diagnostics.length - some.length
  if (more === 0 || last === undefined) return { ...found, diagnostics: some }
  return { ...found, diagnostics: [...some, { ...last, message: `and ${more} more after this` }] }
}

async function run(): Promise<void> {
  try {
    const found = bounded(await answer(workerData as WhatIfOrder | BroughtOrder))
    parentPort?.postMessage({ found } satisfies ThreadAnswer<WhatIf | BroughtFound>)
  } catch (error) {
    if (!(error instanceof GateError)) throw error
    parentPort?.postMessage({ code: error.code, detail: error.detail } satisfies ThreadAnswer<never>)
  }
}

void run()
