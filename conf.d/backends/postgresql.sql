-- SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
-- Copyright (c) 2026 the port-knock authors
--
-- The table of postgresql.conf, made once, by its owner.  The relay's user needs
-- no more than what is granted at the end.

CREATE TABLE port_knock (
  id                 bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  received           timestamptz NOT NULL DEFAULT now(),
  time               timestamptz NOT NULL,
  host               text NOT NULL,
  alert_id           char(16),
  detection_branch   text NOT NULL,
  severity           text,
  confidence         text,
  evidence           text,
  src_ip             inet,
  dest_ip            inet,
  dest_port          integer,
  proto              text,
  port_sequence      text,
  distinct_ports     integer,
  total_packets      integer,
  repeats            integer,
  window_start       timestamptz,
  window_end         timestamptz,
  knock_duration_sec numeric(9, 3),
  technique_id       text,
  message            text
);

CREATE INDEX port_knock_time ON port_knock (time);
CREATE INDEX port_knock_src_ip ON port_knock (src_ip);

GRANT SELECT, INSERT ON port_knock TO port_knock;
