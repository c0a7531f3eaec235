import type { RabbitMqNode } from '@tidings/harness/rabbitmq-node.ts'

/** Stops what leads a quorum queue, as the loss of its nodes does: nothing gets in or out. */
export const stopLeader = (node: RabbitMqNode, queue: string) => ofLeader(node, queue, 'stop_server')

export const restartLeader = (node: RabbitMqNode, queue: string) => ofLeader(node, queue, 'restart_server')

async function ofLeader(node: RabbitMqNode, queue: string, call: string): Promise<void> {
  const said = await node.rabbitmqctl(
    'eval',
    `{ok, Q} = rabbit_amqqueue:lookup(rabbit_misc:r(<<"/">>, queue, <<"${queue}">>)),
     {Name, _} = amqqueue:get_pid(Q), ra:${call}(quorum_queues, {Name, node()}).`,
  )
  if (said.trim() !== 'ok') throw new Error(`${call}: ${said}`)
}
