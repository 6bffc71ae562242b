#!/usr/bin/perl
# Either side of SMPP by software that we did not write (Debian's Net::SMPP, package libnet-smpp-perl), which
# does a list of steps and says what it saw. Steps come on standard input as JSON:
#   [["submit_sm", {"destination_addr": "31612345678", "short_message": "Hello"}],
#    ["query_sm",  {"message_id": "$id"}], ["wait", {"command": 5}]]
# `$id` stands for the message_id of the last submit_sm that was taken; `wait` waits for a request of the peer
# with that command_id. The last line of the output is JSON:
#   {"steps": [{"command": 2147483652, "status": 0, "message_id": "..."}], "requests": [{"command": 5, ...}]}
# --role customer binds to --port; --role provider listens on a free port, which it prints as its first line,
# takes the bind of whoever comes, answers all messages with ids 1, 2, 3, ... and ends when the peer unbinds.
use strict;
use warnings;
use Getopt::Long;
use IO::Select;
use JSON::PP;
use Net::SMPP;
use Socket qw(SOL_SOCKET SO_RCVTIMEO);
use Time::HiRes qw(time);

use constant {
    BIND_RECEIVER => 0x1, BIND_TRANSMITTER => 0x2, SUBMIT_SM => 0x4, DELIVER_SM => 0x5, UNBIND => 0x6,
    BIND_TRANSCEIVER => 0x9, ENQUIRE_LINK => 0x15, SUBMIT_MULTI => 0x21, DATA_SM => 0x103,
    GENERIC_NACK => 0x80000000,
};

my %o = (role => 'customer', host => '127.0.0.1', port => 2775, 'system-id' => 'Test1',
    password => 'Pwd1', bind => 'transceiver', timeout => 30);
GetOptions(\%o, 'role=s', 'host=s', 'port=i', 'system-id=s', 'password=s', 'bind=s', 'timeout=f')
    && $o{role} =~ /^(customer|provider)$/ or exit 2;

my $give_up = time + $o{timeout};
my $json = JSON::PP->new->ascii->canonical;
my $steps = $json->decode(do { local $/; <STDIN> });
my (@steps, @requests, $smpp, $id, $over);
my $given = 0;
$SIG{__WARN__} = sub { };    # Net::SMPP warns of empty bodies and closed connections.

$o{role} eq 'provider' ? take_bind() : bind_to();
for my $step (@$steps) { push @steps, do_step(@$step) unless $over; }
if ($o{role} eq 'provider') { 1 while !$over && next_pdu() }
else { push @steps, do_step('unbind', {}) }
print $json->encode({ steps => \@steps, requests => \@requests }), "\n";

sub bind_to {
    my $connect = "new_$o{bind}";
    ($smpp, my $bound) = Net::SMPP->$connect($o{host}, port => $o{port}, timeout => $o{timeout},
        system_id => $o{'system-id'}, password => $o{password}, system_type => '');
    die "nobody listens\n" unless defined $smpp;
    die "bind refused\n" unless defined $bound && $bound->status == 0;
    limit();
}

sub take_bind {
    my $listener = Net::SMPP->new_listen('127.0.0.1', port => 0, timeout => $o{timeout});
    $| = 1;
    print $listener->sockport, "\n";
    $smpp = $listener->accept or die "nobody came\n";
    limit();
    my $pdu = $smpp->read_pdu or die "no bind\n";
    my %answer = (BIND_RECEIVER, 'bind_receiver_resp', BIND_TRANSMITTER, 'bind_transmitter_resp',
        BIND_TRANSCEIVER, 'bind_transceiver_resp');
    my $method = $answer{ $pdu->cmd } or die "no bind\n";
    note($pdu);
    $smpp->$method(seq => $pdu->seq, system_id => 'perl', sc_interface_version => pack('C', 0x34));
}

# A peer that stops in the middle of a PDU must not hold us for ever.
sub limit { setsockopt($smpp, SOL_SOCKET, SO_RCVTIMEO, pack('l!l!', int($o{timeout}) || 1, 0)) }

sub do_step {
    my ($command, $fields) = @_;
    if ($command eq 'wait') {
        my $before = () = grep { $_->{command} == $fields->{command} } @requests;
        return {} if $before >= ($fields->{count} || 1);
        while (my $pdu = next_pdu()) { return {} if $pdu->cmd == $fields->{command} }
        die "waited in vain\n";
    }
    if ($command eq 'generic_nack') {
        $smpp->generic_nack(%$fields);
        return {};
    }
    my %fields = map { $_ => ref $fields->{$_} || !defined $id ? $fields->{$_} : $fields->{$_} =~ s/^\$id$/$id/r }
        keys %$fields;
    my $seq = $command eq 'unknown'
        ? $smpp->req_backend(0xaa, '', $smpp, async => 1)
        : $smpp->$command(%fields, async => 1);
    # What is not answered is only sent.
    return {} if $fields->{unanswered} || $command eq 'alert_notification';
    while (my $pdu = next_pdu()) {
        next unless $pdu->cmd >= GENERIC_NACK && $pdu->seq == $seq;
        $id = $pdu->{message_id} if $command =~ /^(submit_sm|submit_multi|data_sm)$/ && $pdu->status == 0;
        return told($pdu);
    }
    return { closed => JSON::PP::true };
}

sub told {
    my $pdu = shift;
    my %told = (command => $pdu->cmd, status => $pdu->status);
    for my $field (qw(message_id message_state final_date error_code no_unsuccess destination_addr source_addr
        error_status_code short_message message_payload esm_class data_coding system_id password)) {
        $told{$field} = $pdu->{$field} if defined $pdu->{$field};
    }
    return \%told;
}

sub note { push @requests, told($_[0]) }

# The next PDU, noted and answered as it has to be; nothing when the time is up or the peer has gone.
sub next_pdu {
    my $left = $give_up - time;
    my $pdu = $left > 0 && IO::Select->new($smpp)->can_read($left) ? $smpp->read_pdu : undef;
    unless ($pdu) { $over = 1; return }
    return $pdu if $pdu->cmd >= GENERIC_NACK;
    note($pdu);
    if ($pdu->cmd == DELIVER_SM) { $smpp->deliver_sm_resp(seq => $pdu->seq, message_id => '') }
    elsif ($pdu->cmd == DATA_SM) { $smpp->data_sm_resp(seq => $pdu->seq, message_id => '') }
    elsif ($pdu->cmd == SUBMIT_SM) { $smpp->submit_sm_resp(seq => $pdu->seq, message_id => ++$given) }
    elsif ($pdu->cmd == ENQUIRE_LINK) { $smpp->enquire_link_resp(seq => $pdu->seq) }
    elsif ($pdu->cmd == UNBIND) { $smpp->unbind_resp(seq => $pdu->seq); $over = 1 }
    return $pdu;
}
