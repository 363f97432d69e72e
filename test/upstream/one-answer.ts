import type { Test } from 'tap'
import { millis } from '../../src/domain/base/instant.ts'
import type { Artifact } from '../../src/domain/packaging/artifact.ts'
import { parseProjectName } from '../../src/domain/packaging/name.ts'
import type { Origin } from '../../src/ports/outward.ts'
import { createUpstreamAgent, type UpstreamAgentOptions } from '../../src/upstream/agent.ts'

export const DEMO = parseProjectName('demo')

export const UNKNOWN = { code: 'unknown-upstream' }
export const NOBODY_LEAVES = new AbortController().signal

export function agentFor(t: Test, upstreams: readonly string[], more: Partial<UpstreamAgentOptions> = {}) {
  const agent = createUpstreamAgent({
    upstreams,
    files: upstreams,
    timeout: millis(20_000),
    auth: {},
    environment: {},
    version: '0',
    events: { emit() {} },
    ...more,
  })
  t.teardown(() => agent.close())
  return agent
}

/** What an origin gives of a `.metadata`, read to its end. */
export async function metadataOf(origin: Origin, artifact: Artifact) {
  return await origin.metadata(artifact, async ({ value }) => {
    const pieces: Buffer[] = []
    for await (const piece of value) pieces.push(piece)
    return Buffer.concat(pieces)
  })
}
