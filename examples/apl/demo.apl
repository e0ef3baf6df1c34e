⍝ Produces a record, sees it delivered, consumes it and commits. demo.py has loaded bindings/apl and set `servers`.
⍝ [example
config←1 2⍴'bootstrap.servers' servers
producer←⎕NEW Producer config
producer.produce 'greetings-apl' 'hello' 'world'        ⍝ 0 and its id
producer.flush 30000
producer.update_outstanding                             ⍝ 0 and what is not delivered: nothing
config⍪←3 2⍴'group.id' 'demo-apl' 'auto.offset.reset' 'earliest' 'kaffi.poll.timeout.ms' 30000
consumer←⎕NEW Consumer(config 'greetings-apl')
consumer.consume                                        ⍝ 0 topic payload key partition offset
consumer.commit
⎕EX'producer consumer'                                  ⍝ closes both
⍝ example]
