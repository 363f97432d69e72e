import type { NoticeType, WebhookSender } from '../../ports/console/notices.ts'
import type { Template } from '../../protocol/webhooks/message.ts'

/** Somebody who is told. */
export interface Hook {
  /** the same after every start and at every gate; says nothing of the address */
  readonly key: string
  readonly host: string
  readonly template: Template
  readonly wants: (type: NoticeType) => boolean
  readonly sender: WebhookSender
}
