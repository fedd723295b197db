/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#ifndef PK_SIGNS_H_INCLUDED
#define PK_SIGNS_H_INCLUDED

#include "port-knock/pk-types.h"

/* What speaks against a candidate being a knock.  One table of small pure
 * rules; a candidate with any sign has confidence low, unless something
 * stronger speaks for it.  signs() turns rules off. */

typedef enum
{
  PK_SIGN_SCANNER = 0,        /* the source was found scanning within scan-memory() */
  PK_SIGN_RETRIES,            /* more attempts than max-packets() for a legal number of ports */
  PK_SIGN_UNSETTLED,          /* judged because a hit slid out while the source went on without a pause */
  PK_SIGN_OTHER_PORTS,        /* the source tried other ports within scan-memory() */
  PK_SIGN_OTHER_DESTINATIONS, /* and other destinations */
  PK_SIGN_ONE_SOURCE_PORT,    /* one source port for three ports or more: nmap -sS, masscan, hping3 --scan */
  PK_SIGN_SCANNER_PACKET,     /* every packet is as ZMap, masscan or nmap make them */
  PK_SIGN_SERVICE_PORTS,      /* most ports are those of well-known services */
  PK_SIGN_CONSECUTIVE_PORTS,  /* a run of ports, traceroute's too */
  PK_SIGN_PERIODIC,           /* the same set again and again: a monitor */
  PK_SIGN_REPEATED_INSIDE,    /* the same set again within one window */
  PK_SIGN_RETRIED_PORTS,      /* every port tried again after all were tried: a scanner's second round */
  PK_SIGN_SHARED_LIST,        /* the same ports in the same order from many sources, or to several destinations */
  PK_N_SIGNS
} PkSign;

#define PK_SIGNS_ALL ((1u << PK_N_SIGNS) - 1)

/* What the rules look at.  Counts are of what is remembered for scan-memory(). */
typedef struct _PkSignFacts
{
  const PkAlert *alert; /* borrowed; the candidate: attempts, distinct_ports */
  guint max_packets;    /* option */
  gboolean scanner;
  gboolean unsettled;
  guint same_source_port; /* distinct ports that were tried from one source port, at most */
  gboolean scanner_packets;
  gboolean retried_ports;
  gboolean tool_runs;
  guint other_ports, other_dests;
  guint settled_before;     /* how often the same set settled before, cooldown()/2 apart or more */
  gboolean settled_lately;  /* the same set settled within window() */
  guint same_order_sources; /* sources that sent the same ports in the same order, this one too */
  guint same_order_dests;   /* destinations they were sent to */
} PkSignFacts;

/* Bit set of PkSign. */
guint32 pk_signs_find(const PkSignFacts *facts);

/* As in `evidence` and signs(); static storage. */
const gchar *pk_sign_name(PkSign sign);

/* TRUE when it is a well-known service's port, on which a denied attempt says little; modules/engine/service-ports.c */
gboolean pk_is_service_port(guint16 port);

#endif
