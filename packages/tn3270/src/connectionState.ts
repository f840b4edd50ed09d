/** Where the connection stands. Names are those of the reference emulator. */
export type ConnectionState =
  | 'not-connected'
  | 'resolving'
  | 'tcp-pending'
  | 'tls-pending'
  | 'telnet-pending'
  | 'connected-nvt'
  | 'connected-nvt-charmode'
  | 'connected-3270'
  | 'connected-unbound'
  | 'connected-e-nvt'
  | 'connected-sscp'
  | 'connected-tn3270e';
