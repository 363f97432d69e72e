import { millis } from '../base/instant.ts'
import type { ProjectName } from '../packaging/name.ts'
import type { Rule } from './policy.ts'

/**
 * How provenance of a project without a rule is looked at in `audit` mode: as if anybody might sign, so that only what is
 * wrong with the evidence itself is found. It admits nothing: such a file carries `no-rule` already.
 */
export function strangerRule(project: ProjectName): Rule {
  return {
    ref: { id: `no rule for ${project}`, file: '', line: 0 },
    match: undefined,
    source: undefined,
    attestation: 'optional',
    identity: 'declared',
    publishers: undefined,
    predicates: { require: [], allow: ['publish/v1', 'slsa-provenance/v1'] },
    slsa: undefined,
    regression: {
      lost: 'allow',
      partial: 'allow',
      publisherChanged: 'allow',
      addedLate: 'allow',
      releaseLine: 'project',
      ignorePrereleases: true,
    },
    cooldown: { minAge: millis(0) },
    deny: undefined,
    yanked: 'allow',
    confusable: 'allow',
    status: { archived: 'allow', deprecated: 'allow' },
    contact: undefined,
  }
}
