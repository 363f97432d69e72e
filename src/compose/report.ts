import { join } from 'node:path'
import type { OpenReport, ReportChanges } from '../cli/command/services.ts'
import type { Config } from '../config/schema.ts'
import { indexesOf } from '../config/sources.ts'
import { sourceAt } from '../domain/memory/source.ts'
import { createReport } from '../gate/report/look.ts'
import type { PageLook } from '../gate/report/page-look.ts'
import { createKeptLooks } from '../store/disk/kept-looks.ts'
import { openCommandStore } from '../store/open-command-store.ts'
import { createInlineVerifier } from '../verify/workers/inline.ts'
import { Closing } from './closing.ts'
import { belongingsOf, type CommandOptions, cacheFolder, deferTrust, gateAt } from './commands.ts'
import { upstreamOf } from './indexes.ts'
import { openUsableTrust } from './trust.ts'
import { connectSources, memorySources } from './upstream.ts'

/** The thread that verifies has as much to do as one that reads; each takes some 60 MB. */
const READERS = 1

/** Of what is kept of pages: another form is another version. */
const LOOKS = 'look/1'

/**
 * What a report looks with: the index, a verifier and the trust root. Nothing of a gate's: no policy, and never its data folder. What was
 * fetched and proved is kept below the user's cache folder, where `rm -r` costs nothing but time.
 */
export async function openReport(
  config: Config,
  changes: ReportChanges,
  { environment, version, events, clock }: CommandOptions,
): Promise<OpenReport> {
  const closing = new Closing()
  try {
    const folder = join(cacheFolder(environment), 'portcullis')
    const root = changes.trustRoot ?? config.trust.root
    const trusting = { ...config, data: folder, trust: { ...config.trust, root } }
    const open = () => openUsableTrust(trusting, { clock, events, environment })
    const trust = closing.add(root === 'tuf' ? deferTrust(open) : await open())
    const upstreams = closing.add(connectSources(config, { environment, version, events, readers: READERS }))
    const verifier = closing.add(createInlineVerifier())
    const store = closing.add(await openCommandStore({ folder: join(folder, 'report'), clock, events }))
    const [first] = indexesOf(config)
    if (first === undefined) throw new TypeError('a configuration has an index')
    const { index, integrity, memory } = await upstreamOf(first, {
      config,
      upstreams,
      memoryOf: source => store.memory(source),
      belongings: place => belongingsOf(store.belongings(gateAt(place, config)), undefined),
      clock,
    })
    // looks are kept under everything that a page may have come from
    const source = sourceAt(memorySources({ ...config, offline: false }).join(' '))
    return {
      look: createReport({
        index,
        integrity,
        verifier,
        trust,
        memory,
        looks: createKeptLooks<PageLook>({ folder: join(folder, 'report', 'pages'), source, version: LOOKS }),
        negativeTtl: config.findings.negativeTtl,
        maxSize: config.files.maxSize,
        events,
        clock,
      }),
      close: () => closing.close(),
    }
  } catch (error) {
    await closing.close()
    throw error
  }
}
